/** Damage the seller knows of: their words, and photos if they like. What is typed survives a reload. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { Still } from "../../core/capture";
import { News, TopBar } from "./Chrome";
import { inside, seller, useAct, words } from "./context";
import { freshDraft, storeDraft, storedDraft, withoutPhotos, type Draft } from "./damage-draft";
import { FilePicker } from "./FilePicker";
import { Button, Heading, Trouble } from "./Parts";

export function Damage(): JSX.Element {
  const now = inside();
  const t = words.value.damage;
  const act = useAct();
  const inspectionId = now.view.inspection.id;
  const [draft, setDraft] = useState<Draft>(() => storedDraft(inspectionId) ?? freshDraft());
  useEffect(() => storeDraft(inspectionId, draft), [draft]);
  useEffect(() => {
    const refused = now.waiting.filter((photo) => photo.state === "refused").map((photo) => photo.captureId);
    setDraft((before) => withoutPhotos(before, refused));
  }, [now.waiting, draft]);

  const photoTaken = async (still: Still): Promise<void> => {
    const id = await seller().shoot(still, null);
    setDraft((before) => ({ ...before, captureIds: [...before.captureIds, id] }));
  };
  const isSending = now.waiting.some((photo) => draft.captureIds.includes(photo.captureId) && photo.state !== "refused");
  const save = async (): Promise<void> => {
    const { captureIds } = withoutPhotos(draft, now.waiting.map((photo) => photo.captureId));
    const isSaved = await act.run(() => seller().declareDamage(draft.id, draft.text.trim(), captureIds));
    if (!isSaved) return;
    setDraft(freshDraft());
    storeDraft(inspectionId, null);
    seller().go({ screen: "review" });
  };
  return (
    <main class="page" data-screen="damage">
      <TopBar />
      <News />
      <Heading>{t.title}</Heading>
      <p id="damage-what">{t.text}</p>
      <textarea
        id="damage-text"
        rows={4}
        maxLength={2000}
        aria-labelledby="damage-what"
        placeholder={t.placeholder}
        value={draft.text}
        onInput={(event) => setDraft({ ...draft, text: event.currentTarget.value })}
      />
      {draft.captureIds.length > 0 ? <p role="status">{t.photos(draft.captureIds.length)}</p> : null}
      <FilePicker label={draft.captureIds.length > 0 ? t.photoAgain : t.photo} kind="plain" onStill={photoTaken} />
      <div class="actions sticky">
        <Trouble says={act.error} />
        {isSending ? <p class="note">{t.waitPhotos}</p> : null}
        <Button
          id="save-damage"
          kind="primary"
          isBusy={act.isBusy}
          disabled={draft.text.trim() === "" || isSending}
          onClick={() => void save()}
        >
          {t.save}
        </Button>
        <Button kind="quiet" onClick={() => seller().go({ screen: "review" })}>
          {words.value.back}
        </Button>
      </div>
    </main>
  );
}
