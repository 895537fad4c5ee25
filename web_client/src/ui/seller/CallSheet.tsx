/** Somebody calls: who, and what they may see and do, before anything is shown to them. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Call } from "../../core/session";
import { inside, seller, useAct, words } from "./context";
import { LevelChoice, proposedLevel, rememberLevel } from "./LevelChoice";
import { Button, Icon, Sheet, Trouble } from "./Parts";

export function CallSheet(props: { readonly call: Call }): JSX.Element {
  const { call } = props;
  const { consents } = inside().view;
  const t = words.value.call;
  const act = useAct();
  const [level, setLevel] = useState(proposedLevel);
  const [mayRecord, setMayRecord] = useState(consents.recording);
  const accept = (): void => {
    rememberLevel(level);
    void act.run(() => seller().live.accept(level, mayRecord));
  };
  const decline = (): void => seller().live.declineCall();
  return (
    <Sheet id="call-ringing" title={t.ringing(call.operatorName)} onClose={decline} isUrgent>
      <LevelChoice level={level} onChange={setLevel} />
      <label class="choice">
        <input
          type="checkbox"
          name="recording"
          checked={mayRecord}
          onChange={(event) => setMayRecord(event.currentTarget.checked)}
        />
        <span>{t.recording}</span>
      </label>
      <p class="note">{t.change}</p>
      <Trouble says={act.error} />
      <div class="pair answers">
        <Button id="call-decline" onClick={decline}>
          {t.decline}
        </Button>
        <Button id="call-accept" kind="primary" isBusy={act.isBusy} onClick={accept}>
          <Icon name="phone" /> {t.accept}
        </Button>
      </div>
    </Sheet>
  );
}
