// Off the page's own thread: the levels of one stretch after the other.
import { levels } from "./spectra.js";

self.addEventListener("message", ({ data }) => {
  const made = levels(data);
  self.postMessage({ key: data.key, ...made }, [made.levels.buffer]);
});
