// The wheel scrolls and zooms on every lane as it does on the roll.

import { wheel } from "./gestures.js";

export function gestures_of_lane(lane, view) {
  lane.addEventListener("wheel", (event) => wheel(event, view), { passive: false });
}
