import { inWords } from "../../core/words";
import type { CaseModel } from "./case-model";
import type { CallView } from "./live/live-model";
import { ago, me, notice, t } from "./desk";

/** The line to the seller: ringing, talking, looking on at a colleague's call. */
export function CallPanel({ model }: { readonly model: CaseModel }) {
  const texts = t();
  const { live } = model;
  const { microphone } = live;
  const call = live.call.value;
  const isElsewhere = call !== null && call.isElsewhere && (call.state === "accepted" || call.state === "ringing");
  const isAccepted = live.isAccepted.value;
  const isInCall = live.isInCall.value;
  const whyNot = whyNoCall(model);
  return (
    <section class="call">
      <h2>{texts.call}</h2>
      <Told model={model} />
      {isAccepted && (
        <p class={live.link.value === "connected" ? "faint" : "warning"}>
          {texts.link[live.link.value ?? "connecting"]}
          {!microphone.isThere.value && ` · ${texts.noMicrophone}`}
          {microphone.isMuted.value && microphone.isThere.value && ` · ${texts.live.muted}`}
        </p>
      )}
      {isElsewhere && <p>{texts.live.elsewhere}</p>}
      {call?.isMine && !isElsewhere && call.state === "ringing" && <p>{texts.callRinging}</p>}
      {call?.isMine && call.state === "declined" && <p>{texts.callDeclined}</p>}
      {call?.isMine && call.state === "ended" && <p>{inWords(texts.callEnded, call.reason) ?? texts.callEnded["hung-up"]}</p>}
      {call && isTaken(call) && (
        <p>
          {live.watching.value === "joined"
            ? texts.live.watchJoined(call.operatorName)
            : call.state === "ringing"
              ? texts.live.ringing(call.operatorName)
              : texts.live.inCall(call.operatorName)}
        </p>
      )}
      {!isInCall && whyNot !== null && !isTaken(call) && <p class="faint">{whyNot}</p>}
      {!isInCall && whyNot === null && model.level.value === "off" && <p class="faint">{texts.callAsksConsent}</p>}
      <div class="actions">
        <button
          class={isInCall ? "danger" : "primary"}
          disabled={!isInCall && whyNot !== null}
          onClick={() => toggleCall(model)}
        >
          {isInCall ? texts.callEnd : isElsewhere ? texts.live.takeHere : model.mayClaim.value ? texts.callAndClaim : texts.callNow}{" "}
          <kbd>v</kbd>
        </button>
        {isAccepted && microphone.isThere.value && (
          <button aria-pressed={microphone.isMuted.value} onClick={() => microphone.toggleMute()}>
            {microphone.isMuted.value ? texts.unmute : texts.mute} <kbd>M</kbd>
          </button>
        )}
        {mayWatch(model) && (
          <button aria-pressed={live.watching.value !== "no"} onClick={() => live.toggleWatch()}>
            {texts.live[live.watching.value === "no" ? "watch" : live.watching.value === "asked" ? "watchAsked" : "unwatch"]}{" "}
            <kbd>W</kbd>
          </button>
        )}
      </div>
    </section>
  );
}

/** What whoever takes the case must know first: the seller's call for help, a colleague's words. */
function Told({ model }: { readonly model: CaseModel }) {
  const texts = t();
  const { help, inspection } = model.view.value!;
  const { handover } = inspection;
  return (
    <>
      {help !== null && help.answered_at === null && (
        <p class="warning">
          {texts.live.helpSince(ago((Date.now() - Date.parse(help.asked_at)) / 1000))}
          {help.call_back !== null && ` · ${texts.live.callBack(help.call_back)}`}
        </p>
      )}
      {help !== null && help.answered_at !== null && help.call_back !== null && (
        <p>{texts.live.callBack(help.call_back)}</p>
      )}
      {handover !== null && model.isMine.value && (
        <p>
          {texts.live.handedBy(handover.by.name)}
          {handover.note !== null && <q>{handover.note}</q>}
        </p>
      )}
    </>
  );
}

/** Whether this operator may look on: a supervisor, at the accepted call of somebody else. */
export function mayWatch(model: CaseModel): boolean {
  const call = model.live.call.value;
  const isSupervisor = me.value?.role === "supervisor" || me.value?.role === "admin";
  return isSupervisor && (model.live.watching.value !== "no" || (call?.state === "accepted" && !call.isMine));
}

/** Whether a colleague rings or talks now. */
function isTaken(call: CallView | null): boolean {
  return call !== null && !call.isMine && (call.state === "accepted" || call.state === "ringing");
}

/** Call or hang up; a case that nobody holds is claimed first, as the list does it. */
export function toggleCall(model: CaseModel): void {
  if (model.live.isInCall.value || !model.mayClaim.value) return void model.live.toggleCall();
  const why = whyNoCall(model);
  notice.value = why;
  if (why === null) void model.join();
}

function whyNoCall(model: CaseModel): string | null {
  const texts = t();
  const call = model.live.call.value;
  if (call && isTaken(call)) return texts.callTaken(call.operatorName);
  if (!model.mayWrite.value && !model.mayClaim.value) return texts.callClaim;
  const isThere = model.live.seller.value;
  return isThere === null ? texts.live.whyNot["no-line"] : isThere ? null : texts.callAbsent;
}
