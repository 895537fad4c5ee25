/** The bar that tells of a call, on every screen: who sees what, and Pause and Stop at one tap each. */

import type { JSX } from "preact";

import { CallSheet } from "./CallSheet";
import { inside, seller, words } from "./context";
import { link, liveCall, livePanel, microphone, parts, recordingId } from "./live-state";
import { Icon } from "./Parts";

/** That somebody is watching, and who: it never leaves the screen during a call and covers no picture. */
export function OnAir(): JSX.Element {
  const { call } = inside();
  return (
    <>
      <div class="on-air" role="status">
        {call?.state === "accepted" ? <Bar /> : null}
      </div>
      {call?.state === "ringing" ? <CallSheet key={call.id} call={call} /> : null}
      <Panels />
    </>
  );
}

function Bar(): JSX.Element {
  const now = inside();
  const t = words.value.call;
  const { call } = now;
  const isPaused = call?.isPaused ?? false;
  const { live } = seller();
  const isAway = now.line === "open" && now.operators.length === 0;
  const isSeen = !isAway && link.value === "connected";
  const watchers = [call?.operatorName, ...(call?.viewers ?? []).map((viewer) => viewer.name)].filter(Boolean);
  const names = watchers.join(t.and);
  // What stands there for most of a call must leave the picture its room on the narrowest phones too.
  const short = isPaused ? t.pausedShort : isSeen ? t.onShort(names) : null;
  return (
    <div class={`call-bar ${isPaused ? "paused" : ""}`} id="call-on" data-link={link.value}>
      <div class="line">
        <i aria-hidden="true" />
        <p>
          {short === null ? (
            saying()
          ) : (
            <>
              <span class="whole">{saying()}</span>
              <span class="short">{short}</span>
            </>
          )}
          {recordingId.value === null ? null : <span class="recorded">{t.isRecorded}</span>}
        </p>
        <button type="button" id="call-pause" aria-pressed={isPaused} onClick={() => live.pauseCall(!isPaused)}>
          {isPaused ? t.resume : t.pause}
        </button>
        <button type="button" id="call-end" onClick={() => live.endCall()}>
          {t.end}
        </button>
      </div>
      <div class="tools">
        <button type="button" id="call-control" onClick={() => (livePanel.value = { is: "control" })}>
          {t.allowed(t.levels[now.view.consents.live_level].name)}
        </button>
        <MicButton />
        <ChatButton unread={now.unread} />
      </div>
    </div>
  );

  function saying(): string {
    const name = call?.operatorName ?? "";
    if (isPaused) return t.paused(name);
    if (isAway) return t.away(name);
    if (link.value === "failed") return t.noPath(name);
    if (link.value === "interrupted") return t.interrupted(name);
    if (link.value === null || link.value === "connecting") return t.connecting(name);
    return t.on(names, watchers.length > 1);
  }
}

function MicButton(): JSX.Element {
  const t = words.value.call;
  const is = microphone.value;
  const isOn = is === "on";
  const label = isOn ? t.mute : is === "muted" ? t.unmute : is === "denied" ? t.micDenied : t.micOpen;
  return (
    <button
      type="button"
      id="call-mic"
      class={isOn ? "" : "off"}
      aria-label={label}
      title={label}
      onClick={() => liveCall.value?.toggleMute()}
    >
      <Icon name={isOn ? "mic" : "micOff"} />
    </button>
  );
}

export function ChatButton(props: { readonly unread: number }): JSX.Element {
  const t = words.value.call;
  return (
    <button
      type="button"
      id="call-chat"
      aria-label={props.unread === 0 ? t.chat : t.chatNew(props.unread)}
      onClick={() => (livePanel.value = { is: "chat" })}
    >
      <Icon name="chat" />
      {props.unread === 0 ? null : <b class="badge">{props.unread}</b>}
    </button>
  );
}

/** The sheets of the live session, over whichever screen is shown. */
function Panels(): JSX.Element | null {
  const panel = livePanel.value;
  const live = parts.value;
  if (live === null) return null;
  switch (panel.is) {
    case "chat":
      return <live.ChatSheet />;
    case "control":
      return inside().call === null ? null : <live.ControlSheet />;
    case "recording_ask":
      return inside().call === null ? null : <live.RecordingAsk answer={panel.answer} />;
    case "example":
      return <live.ExampleSheet stepId={panel.stepId} />;
    case "none":
      return null;
  }
}
