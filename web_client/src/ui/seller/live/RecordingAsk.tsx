/** An operator wants to record: asked now, for this, in plain words. */

import type { JSX } from "preact";

import { inside, seller, useAct, words } from "../context";
import { closePanel, liveCall } from "../live-state";
import { Button, Sheet, Trouble } from "../Parts";

export function RecordingAsk(): JSX.Element {
  const t = words.value.recordingAsk;
  const { call, view } = inside();
  const act = useAct();
  const agree = async (): Promise<void> => {
    const isDone = await act.run(async () => {
      await seller().live.allow(view.consents.live_level, true);
      await liveCall.value?.startRecording();
    });
    if (isDone) closePanel();
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
