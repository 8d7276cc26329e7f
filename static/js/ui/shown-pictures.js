/**
 * The only place where bytes that came from somebody become a picture: through an <img>, which runs nothing, and only with the type that
 * their own first bytes say and the size that was measured before any decoder saw them.
 */

/** @param {HTMLImageElement} img  @param {{mime: string, bytes: Uint8Array|Blob}} picture  @returns {Promise<boolean>} whether it could be drawn */
export function showPicture(img, { mime, bytes }) {
  const url = URL.createObjectURL(new Blob([bytes], { type: mime }));
  return new Promise((resolve) => {
    const end = (drawn) => {
      URL.revokeObjectURL(url);
      resolve(drawn);
    };
    img.onload = () => end(true);
    img.onerror = () => end(false);
    img.src = url;
  });
}

/** Nothing of it stays in the page. @param {HTMLImageElement} img */
export function hidePicture(img) {
  img.onload = img.onerror = null;
  img.removeAttribute("src");
}
