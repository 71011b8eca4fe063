// Sound files: chosen, or dropped anywhere on the page.

/** Have `use` called with each file that a person gives. */
export function onFile(input, use) {
  const take = (files) => files.length > 0 && use(files[0]);
  input.addEventListener("change", (event) => {
    take(event.target.files);
    event.target.value = ""; // the same file may be chosen again
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    take(event.dataTransfer.files);
  });
}

/** Throw an Error for a file that is larger than the server takes. */
export function checkSize(sound, most) {
  const size = sound.size ?? sound.byteLength;
  if (size <= most) return;
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  throw new Error(`A recording may have ${megabytes(most)}, this one has ${megabytes(size)}. Cut it.`);
}
