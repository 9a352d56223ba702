// Off the page's own thread: the levels of one tile after the other.
import { levels } from "./spectra.js";

self.addEventListener("message", ({ data }) => {
  const made = levels(data);
  self.postMessage({ name: data.name, columns: data.columns, levels: made }, [made.buffer]);
});
