/** An operator wants to record: asked now, for this, in plain words. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { inside, seller, useAct, words } from "../context";
import { closePanel } from "../live-state";
import { Button, Sheet, Trouble } from "../Parts";

/** The first `answer` counts: a sheet that goes away unanswered (another one, the end of the call) is a no. */
export function RecordingAsk(props: { readonly answer: (isAgreed: boolean) => void }): JSX.Element {
  const t = words.value.recordingAsk;
  const { call, view } = inside();
  const act = useAct();
  const answer = useRef(props.answer);
  answer.current = props.answer;
  useEffect(() => () => answer.current(false), []);
  const agree = async (): Promise<void> => {
    if (!(await act.run(() => seller().live.allow(view.consents.live_level, true)))) return;
    props.answer(true);
    closePanel();
  };
  return (
    <Sheet id="recording-ask" title={t.title(call?.operatorName ?? "")} onClose={closePanel} isUrgent>
      <p>{t.text}</p>
      <Trouble says={act.error} />
      <div class="pair">
        <Button id="recording-no" onClick={closePanel}>
          {t.no}
        </Button>
        <Button id="recording-yes" kind="primary" isBusy={act.isBusy} onClick={() => void agree()}>
          {t.yes}
        </Button>
      </div>
    </Sheet>
  );
}
