import type { ComponentChildren } from "preact";
import { inWords } from "../../../core/words";
import type { CaseModel } from "../case-model";
import { presenceInWords, t } from "../desk";

/** The phone at a glance: what it shows, sends, can and may; colour only where something is amiss. */
export function Glance({ model }: { readonly model: CaseModel }) {
  const texts = t();
  const words = texts.live;
  const { live } = model;
  const phone = live.phone.value;
  const step = model.view.value?.steps.find((each) => each.id === model.sellerStep.value);
  const call = live.call.value;
  return (
    <section class="glance">
      <h2>
        {words.phone}
        <small>
          {" "}
          <span class={`dot ${live.seller.value ? "on" : ""}`} /> {presenceInWords(live.seller.value)}
        </small>
      </h2>
      <dl>
        <Fact name={texts.step} bad={(step?.failed_attempts ?? 0) > 1}>
          {step ? `${step.title} · ${texts.statuses[step.status]}` : (inWords(words.places, phone?.screen.screen) ?? "–")}
          {step && step.failed_attempts > 0 && ` · ${step.failed_attempts} ✕`}
        </Fact>
        {call?.state === "accepted" && (
          <Fact name={texts.call} bad={live.link.value !== "connected" || call.isPaused}>
            {call.isPaused ? words.pausedShort : texts.link[live.link.value ?? "connecting"]}
          </Fact>
        )}
        <Fact name={words.level} bad={model.level.value === "off"}>
          {words.levels[model.level.value]}
        </Fact>
        {phone !== null && (
          <>
            <Fact name={words.camera} bad={phone.camera.state !== "open" && phone.camera.state !== "frozen"}>
              {words.cameraStates[phone.camera.state]}
              {phone.camera.facing && ` · ${words.facing[phone.camera.facing]}`}
              {phone.camera.width > 0 && ` · ${phone.camera.width}×${phone.camera.height}`}
              {phone.camera.torch && ` · ${words.torchOn}`}
              {phone.camera.zoom !== null && phone.camera.zoom !== 1 && ` · ${phone.camera.zoom.toFixed(1)}×`}
            </Fact>
            <Fact name={words.uploads} bad={phone.uploads.waiting > 0 && !phone.network.online}>
              {phone.uploads.waiting === 0 ? (
                words.allSent
              ) : (
                <>
                  {words.waiting(phone.uploads.waiting, bytes(phone.uploads.bytes))}{" "}
                  {phone.uploads.sent_share !== null && <progress max={1} value={phone.uploads.sent_share} />}
                </>
              )}
            </Fact>
            <Fact name={words.network} bad={!phone.network.online || (phone.network.rtt_ms ?? 0) > 400}>
              {phone.network.online ? (phone.network.type ?? words.onlineShort) : words.noNetwork}
              {phone.network.rtt_ms !== null && ` · ${phone.network.rtt_ms} ms`}
            </Fact>
            <Fact name={words.battery} bad={(phone.battery?.level ?? 1) < 0.15 && phone.battery?.charging === false}>
              {phone.battery === null
                ? words.unknown
                : `${Math.round(phone.battery.level * 100)} %${phone.battery.charging ? ` · ${words.charging}` : ""}`}
            </Fact>
            <Fact name={words.page} bad={!phone.visible}>
              {phone.visible ? words.visible : words.hidden}
            </Fact>
            <Fact name={words.microphone} bad={phone.microphone === "denied"}>
              {words.microphones[phone.microphone]}
            </Fact>
          </>
        )}
        <Fact name={words.recording}>
          {model.recording.value !== null ? (
            <strong class="rec">● {words.recordingNow}</strong>
          ) : (model.view.value?.consents.recording ?? false) ? (
            words.recordingAllowed
          ) : (
            words.recordingNotAllowed
          )}
        </Fact>
        {(call?.viewers.length ?? 0) > 0 && (
          <Fact name={words.viewers}>{call?.viewers.map((each) => each.name).join(", ")}</Fact>
        )}
      </dl>
    </section>
  );
}

function Fact(props: { readonly name: string; readonly bad?: boolean; readonly children: ComponentChildren }) {
  return (
    <div class={props.bad ? "bad" : ""}>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

function bytes(count: number): string {
  return count >= 1_000_000 ? `${(count / 1_000_000).toFixed(1)} MB` : `${Math.max(1, Math.round(count / 1000))} kB`;
}
