import { useEffect, useRef } from "preact/hooks";
import { inWords } from "../../core/words";
import type { CaseModel, SentCommand } from "./case-model";
import { t } from "./desk";

/** Seeing, hearing and steering the seller's phone; every command says what came of it. */
export function CallPanel({ model }: { readonly model: CaseModel }) {
  const texts = t();
  const call = model.call.value;
  const isAccepted = call?.state === "accepted" && call.isMine;
  const mayBeSeen = model.view.value?.consents.live_video ?? false;
  const step = model.step.value;

  return (
    <section class="call">
      <h2>{texts.call}</h2>
      {isAccepted && !model.showsLive.value && <LiveVideo model={model} />}
      {isAccepted && model.hint.value && (
        <p class={`hint ${model.hint.value.ok ? "good" : ""}`}>
          {texts.hint}: {inWords(texts.hints, model.hint.value.code) ?? model.hint.value.code}
        </p>
      )}
      {isAccepted && (
        <p class={model.link.value === "connected" ? "faint" : "warning"}>
          {texts.link[model.link.value ?? "connecting"]}
          {!model.hasMicrophone.value && ` · ${texts.noMicrophone}`}
        </p>
      )}
      {call?.state === "ringing" && <p>{texts.callRinging}</p>}
      {call?.state === "declined" && <p>{texts.callDeclined}</p>}
      {call?.state === "ended" && <p>{inWords(texts.callEnded, call.reason) ?? texts.callEnded["hung-up"]}</p>}
      {!model.isInCall && <p class="faint">{whyNoCall(model) ?? (mayBeSeen ? null : texts.callAsksConsent)}</p>}
      <div class="actions">
        <button
          class={model.isInCall ? "danger" : "primary"}
          disabled={!model.isInCall && whyNoCall(model) !== null}
          onClick={() => void model.toggleCall()}
        >
          {model.isInCall ? texts.callEnd : texts.callNow} <kbd>v</kbd>
        </button>
        {isAccepted && (
          <button aria-pressed={model.showsLive.value} onClick={() => (model.showsLive.value = !model.showsLive.value)}>
            {texts.large} <kbd>l</kbd>
          </button>
        )}
        {isAccepted && model.hasMicrophone.value && (
          <button aria-pressed={model.isMuted.value} onClick={() => model.toggleMute()}>
            {model.isMuted.value ? texts.unmute : texts.mute}
          </button>
        )}
      </div>
      {isAccepted && (
        <div class="actions">
          <button disabled={step === null} onClick={() => step && model.command("go_to_step", { step_id: step.id })}>
            {texts.goHere} <kbd>g</kbd>
          </button>
          <button onClick={() => model.command("take_photo")}>
            {texts.takePhoto} <kbd>t</kbd>
          </button>
        </div>
      )}
      <ul class="commands" aria-live="polite">
        {model.commands.value.map((command) => (
          <Outcome key={command.id} command={command} />
        ))}
      </ul>
    </section>
  );
}

function whyNoCall(model: CaseModel): string | null {
  const texts = t();
  if (!model.mayWrite.value) return texts.callClaim;
  return model.seller.value ? null : texts.callAbsent;
}

function Outcome({ command }: { readonly command: SentCommand }) {
  const texts = t();
  const name = command.name === "take_photo" ? texts.takePhoto : texts.goHere;
  if (command.ack === null) return <li>{`${name}: ${texts.commandSent}`}</li>;
  const { ok, error, effect } = command.ack;
  const size = effect && "width" in effect ? ` ${String(effect.width)}×${String(effect.height)}` : "";
  return (
    <li class={ok ? "good" : "bad"}>
      {name}: {ok ? `${texts.commandDone}${size}` : `${texts.commandFailed} (${inWords(texts.commandErrors, error) ?? error ?? ""})`}
    </li>
  );
}

/** The seller's camera as it is now, whole; in the panel, or large on the stage. */
export function LiveVideo({ model }: { readonly model: CaseModel }) {
  const video = useRef<HTMLVideoElement>(null);
  const stream = model.remote.value;
  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);
  return <video ref={video} class="live" autoplay playsInline />;
}
