/** Files dragged over an element: it says that they can be dropped, and gives them on. */

const hasFiles = ({ dataTransfer }) => [...(dataTransfer?.types ?? [])].includes("Files");

/** @param {HTMLElement} element  @param {{isOpen: () => boolean, show: (over: boolean) => void, take: (files: File[]) => void}} how */
export function watchDrops(element, { isOpen, show, take }) {
  let depth = 0; // one enters the children of an element before one leaves it
  const over = (step) => {
    depth = Math.max(0, depth + step);
    show(depth > 0 && isOpen());
  };
  element.addEventListener("dragenter", (event) => hasFiles(event) && over(1));
  element.addEventListener("dragleave", (event) => hasFiles(event) && over(-1));
  element.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  element.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // else the page would be left for the file
    depth = 0;
    show(false);
    if (isOpen()) take([...event.dataTransfer.files]);
  });
}
