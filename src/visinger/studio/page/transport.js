// The bar of the player: its keys, the time, how much is rendered, the volume.

import { clock, element, make_button } from "./controls.js";
import { FRAMES_PER_SECOND } from "./view.js";

export function transport_bar(player, state, context) {
  const { say } = context, { hearing } = player;
  const button = (options) => make_button(options, say);
  const start = button({ id: "to-start", label: "to_start", image: "start", act: () => player.seek(0) });
  const play = button({ id: "play", label: "play", image: "play", act: () => player.toggle() });
  const stop = button({ id: "stop", label: "stop", image: "stop", act: () => player.stop() });
  const loop = button({ id: "loop", label: "loop", image: "loop", act: () => player.toggle_loop() });
  play.button.classList.add("play");
  const time = element("output", { id: "time" });
  const rendered = rendering_meter(hearing, say);
  const volume = element("input", {
    id: "volume", type: "range", min: 0, max: 1, step: 0.01, value: player.level, data: { label: "volume" },
    title: say("volume"),
  });
  volume.setAttribute("aria-label", say("volume"));
  volume.addEventListener("input", () => { player.level = Number(volume.value); });
  document.getElementById("transport").prepend(
    start.button, play.button, stop.button, loop.button, time, rendered.box, volume,
  );
  let shown = "";

  function draw_time() {
    const text = clock(state.playhead_frame / FRAMES_PER_SECOND);
    if (text !== shown) time.textContent = shown = text;
  }

  function draw() {
    const stopped = player.phase === "stopped";
    play.set_icon(stopped ? "play" : "pause");
    play.set_label(stopped ? "play" : "pause");
    play.button.classList.toggle("waiting", player.phase === "waiting");
    play.button.dataset.phase = player.phase;
    for (const [control, label] of [[start, "to_start"], [stop, "stop"], [loop, "loop"]]) control.set_label(label);
    loop.press(state.loop !== null);
    rendered.draw();
    draw_time();
  }

  return { draw, draw_time };
}

// What is rendered of the song; a press stops rendering, another lets it go on.
function rendering_meter(hearing, say) {
  const meter = element("span", { className: "meter" }, element("i"));
  const text = element("span", { className: "share" });
  const box = element("button", { type: "button", id: "rendered", className: "tool" }, meter, text);
  box.addEventListener("click", () => (hearing.rendering && !whole() ? hearing.stop_rendering() : hearing.render()));
  const whole = () => hearing.heard?.progress().whole ?? true;

  function draw() {
    const progress = hearing.heard?.progress() ?? { done_seconds: 0, seconds: 0, whole: false };
    const share = progress.seconds ? progress.done_seconds / progress.seconds : 0;
    const percent = progress.whole ? 100 : Math.min(99, Math.floor(100 * share));
    const busy = hearing.rendering && !progress.whole;
    meter.firstElementChild.style.transform = `scaleX(${share})`;
    text.textContent = `${percent} %`;
    box.dataset.busy = String(busy);
    box.disabled = !hearing.heard || progress.whole;
    const label = busy ? "rendering_stop" : progress.whole && hearing.heard ? "rendered_all" : "render_all";
    box.title = say(label, { percent });
    box.setAttribute("aria-label", say(label, { percent }));
  }

  return { box, draw };
}
