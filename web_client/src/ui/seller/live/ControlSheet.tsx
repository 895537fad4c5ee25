/** Who sees what and may do what in this call, and how to change it. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { LiveLevel } from "../../../core/messages";
import type { Consents } from "../../../core/views";
import { inside, seller, useAct, words } from "../context";
import { LevelChoice, rememberLevel } from "../LevelChoice";
import { closePanel, isSharingScreen, liveCall, recordingId } from "../live-state";
import { Button, Sheet, Trouble } from "../Parts";
import { canShareScreen } from "./phone-status";

type Wanted = Pick<Consents, "live_level" | "recording">;

export function ControlSheet(): JSX.Element {
  const now = inside();
  const t = words.value.call;
  const act = useAct();
  const { consents } = now.view;
  const { live } = seller();
  // What was tapped shows at once; if the service does not take it, what holds shows again.
  const [wanted, setWanted] = useState<Wanted>(consents);
  useEffect(() => setWanted(consents), [consents.live_level, consents.recording]);
  const want = async (change: Partial<Wanted>): Promise<void> => {
    const next = { ...wanted, ...change };
    setWanted(next);
    if (!(await act.run(() => live.allow(next.live_level, next.recording)))) setWanted(consents);
  };
  const allow = (level: LiveLevel): void => {
    rememberLevel(level);
    void want({ live_level: level });
  };
  return (
    <Sheet id="control-sheet" title={t.control} onClose={closePanel}>
      {/* It takes effect at once: there is nothing to save. */}
      <LevelChoice level={wanted.live_level} onChange={allow} />
      <label class="choice">
        <input
          type="checkbox"
          name="recording"
          checked={wanted.recording}
          onChange={(event) => void want({ recording: event.currentTarget.checked })}
        />
        <span>{t.recording}</span>
      </label>
      <Trouble says={act.error} />
      {recordingId.value === null ? null : (
        <Button id="recording-stop" onClick={() => liveCall.value?.stopRecording()}>
          {t.recordingStop}
        </Button>
      )}
      {(now.call?.viewers ?? []).map((viewer) => (
        <div key={viewer.viewer_id} class="card viewer">
          <p>{t.viewer(viewer.name)}</p>
          <Button onClick={() => live.endViewer(viewer.viewer_id)}>{t.viewerEnd(viewer.name)}</Button>
        </div>
      ))}
      {canShareScreen() ? <ShareButton /> : null}
      <Button id="control-done" kind="primary" onClick={closePanel}>
        {words.value.close}
      </Button>
    </Sheet>
  );
}

function ShareButton(): JSX.Element {
  const t = words.value.call;
  const isOn = isSharingScreen.value;
  return (
    <>
      <Button id="share-screen" onClick={() => void liveCall.value?.shareScreen(!isOn)}>
        {isOn ? t.shareStop : t.share}
      </Button>
      <p class="note">{t.shareText}</p>
    </>
  );
}
