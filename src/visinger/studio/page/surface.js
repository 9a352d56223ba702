// A canvas that is sharp on every screen, follows its size, and is drawn at most once a frame.

export function make_surface(canvas, draw, { resized = () => {} } = {}) {
  const context = canvas.getContext("2d");
  let width = 0, height = 0, asked = false;

  function paint() {
    asked = false;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    draw(context, width, height);
  }

  function invalidate() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(paint);
  }

  new ResizeObserver(([entry]) => {
    ({ width, height } = entry.contentRect);
    resized(width, height);
    invalidate();
  }).observe(canvas);
  for (const query of ["(prefers-color-scheme: dark)", `(resolution: ${window.devicePixelRatio}dppx)`]) {
    matchMedia(query).addEventListener("change", invalidate);
  }
  return { invalidate, get width() { return width; }, get height() { return height; } };
}

// The colours of style.css by name: colour("note") is --note as it is now, light or dark.
let kept = null;
export function colour(name) {
  if (!kept) {
    kept = new Map();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => kept.clear());
  }
  if (!kept.has(name)) kept.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  return kept.get(name);
}

export const FONT = 'system-ui, "Noto Sans", "Hiragino Sans", "PingFang SC", "Noto Sans CJK JP", sans-serif';
