/** The pointer line: what the operator points at and draws appears here, and the seller's finger goes there. */

import { allows, type LiveLevel } from "../../../core/messages";
import { draw, faded, FADE_MS, PointerReceiver, PointerSender, type PointerMessage } from "../../../core/pointer";
import { board, finger, frozen } from "../live-state";

/** Listen and send until the returned function is called. */
export function joinPointer(channel: RTCDataChannel, level: () => LiveLevel): () => void {
  const sender = new PointerSender(channel);
  const receiver = new PointerReceiver();
  const show = (by: "mine" | "theirs", message: PointerMessage): void => {
    if (message.t === "stroke" && frozen.peek() === null) return; // lines on a moving picture would point at nothing
    board.value = draw(board.peek(), by, message, performance.now());
    if (message.t === "point") setTimeout(fade, FADE_MS + 50);
  };
  const heard = (event: MessageEvent): void => {
    const message = receiver.take(event.data);
    if (message !== null && allows(level(), "point")) show("theirs", message);
  };
  channel.addEventListener("message", heard);
  finger.value = {
    point: (spot) => {
      show("mine", { t: "point", x: spot[0], y: spot[1] });
      sender.point(spot);
    },
    stroke: (id, spot, done) => {
      show("mine", { t: "stroke", id, points: spot === null ? [] : [spot], done });
      sender.stroke(id, spot, done);
    },
    clear: () => {
      show("mine", { t: "clear" });
      sender.clear();
    },
  };
  return () => {
    channel.removeEventListener("message", heard);
    finger.value = null;
  };
}

function fade(): void {
  board.value = faded(board.peek(), performance.now());
}
