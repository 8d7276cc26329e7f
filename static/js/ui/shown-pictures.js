/**
 * The only place where bytes that came from somebody become a picture: through an <img>, which runs nothing, and only with the type that
 * their own first bytes say and the size that was measured before any decoder saw them.
 */

const ENDS = new WeakMap(); // img -> what lets go of the picture that is not drawn yet

/**
 * @param {HTMLImageElement} img  @param {{mime: string, bytes: Uint8Array|Blob}} picture
 * @returns {Promise<boolean>} whether it was drawn; not when it was hidden or another one took its place before
 */
export function showPicture(img, { mime, bytes }) {
  ENDS.get(img)?.(false);
  const url = URL.createObjectURL(new Blob([bytes], { type: mime }));
  return new Promise((resolve) => {
    const end = (drawn) => {
      img.onload = img.onerror = null;
      ENDS.delete(img);
      URL.revokeObjectURL(url);
      resolve(drawn);
    };
    ENDS.set(img, end);
    img.onload = () => end(true);
    img.onerror = () => end(false);
    img.src = url;
  });
}

/** Nothing of it stays in the page. @param {HTMLImageElement} img */
export function hidePicture(img) {
  ENDS.get(img)?.(false);
  img.removeAttribute("src");
}
