/** Files in and out of the page: bytes of a chosen file, a download of bytes, text to the clipboard. */

const KEEP_URL_MS = 60_000;

/** Offers bytes as a file. @param {{name: string, bytes: Uint8Array|Blob}} file */
export function download({ name, bytes }) {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), KEEP_URL_MS);
}

/** @param {File} file  @returns {Promise<Uint8Array>} */
export const bytesOf = async (file) => new Uint8Array(await file.arrayBuffer());

/** @param {string} text  @returns {Promise<boolean>} whether it was copied */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
