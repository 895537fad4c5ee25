import { useState } from "preact/hooks";
import type { CaseModel } from "../case-model";
import { t } from "../desk";
import { inWords } from "../../../core/words";
import { FrozenPicture, LivePicture } from "./picture";
import { PhoneScreen } from "./phone-screen";

/** What is to be seen of the seller now: the phone's screen and the whole camera picture, or one of them large. */
export function LiveStage({ model, onKeep }: { readonly model: CaseModel; readonly onKeep: () => void }) {
  const texts = t();
  const { live } = model;
  const frame = live.drawing.frame.value;
  const mode = model.stage.value;
  const isLarge = mode === "camera" || mode === "screen" || frame !== null;
  return (
    <div class={`live-stage ${isLarge ? "large" : ""}`}>
      {/* Stays built while another picture is large: a mirror that is torn down must be sent anew. */}
      <div class="phone-side" hidden={isLarge}>
        <PhoneScreen model={model} />
      </div>
      <div class="camera-side">
        {frame !== null ? (
          <FrozenPicture model={model}>
            <DrawingTools model={model} onKeep={onKeep} />
          </FrozenPicture>
        ) : mode === "screen" && live.screen.value !== null ? (
          <LivePicture model={model} isScreen />
        ) : (
          <LivePicture model={model} />
        )}
        {live.hint.value && frame === null && !live.call.value?.isPaused && (
          <p class={`hint ${live.hint.value.ok ? "good" : ""}`} role="status">
            {inWords(texts.hints, live.hint.value.code) ?? live.hint.value.code}
          </p>
        )}
      </div>
    </div>
  );
}

function DrawingTools({ model, onKeep }: { readonly model: CaseModel; readonly onKeep: () => void }) {
  const words = t().live;
  const { drawing } = model.live;
  const [isTold, setTold] = useState(true);
  const hasLines = drawing.board.value.strokes.length > 0;
  return (
    <div class="drawing-tools">
      {isTold && !hasLines && (
        <button class="plain" onClick={() => setTold(false)}>
          {words.drawHow}
        </button>
      )}
      <button disabled={!hasLines} onClick={() => drawing.undo()}>
        {words.undo} <kbd>⌫</kbd>
      </button>
      <button disabled={!hasLines} onClick={() => drawing.clear()}>
        {words.clear} <kbd>{words.clearKey}</kbd>
      </button>
      <button class="primary" disabled={!hasLines || !model.mayWrite.value} onClick={onKeep}>
        {words.keepDrawing} <kbd>d</kbd>
      </button>
    </div>
  );
}
