import { useEffect, useRef, useState } from "preact/hooks";
import { publicationEn, publicationFr } from "../../../locales/operator-publication";
import { attempt, language, me } from "../desk";
import { Checker } from "./checker";
import { askPublication, type Publication, type PublicationAct } from "./model";

const texts = () => (language.value === "fr" ? publicationFr : publicationEn);

interface Props {
  readonly id: string;
  readonly state: string;
  /** What photos show, by capture, in the reader's language; the copies' own titles are in the inspection's. */
  readonly titles: ReadonlyMap<string, string>;
}

/** Preparing, checking, approving and withdrawing copies for the public; there once the report is sealed. */
export function PublicationPanel({ id, state, titles }: Props) {
  const words = texts();
  const [publication, setPublication] = useState<Publication | null>(null);
  const [hidesSurroundings, setSurroundings] = useState(false);
  const [isBusy, setBusy] = useState<"prepare" | "approve" | null>(null);
  const [isChecking, setChecking] = useState(false);
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    if (state === "sealed") void attempt(async () => setPublication(await askPublication(id)), { isQuiet: true });
    return () => void (isHere.current = false);
  }, [id, state]);
  if (state !== "sealed") return null;

  const act = async (what: PublicationAct): Promise<boolean> => {
    setBusy(what.action === "withdraw" ? null : what.action);
    const isDone = await attempt(async () => {
      const now = await askPublication(id, what);
      if (isHere.current) setPublication(now);
    });
    if (isHere.current) setBusy(null);
    return isDone;
  };
  const prepared = publication?.prepared ?? null;
  const looked = prepared?.photos.filter((photo) => photo.is_checked).length ?? 0;
  return (
    <section>
      <h2>{words.title}</h2>
      <p class="faint">{words.intro}</p>
      {publication?.public_url && (
        <p>
          <a href={new URL(publication.public_url).pathname} target="_blank" rel="noopener">
            {words.open}
          </a>
        </p>
      )}
      {isBusy !== null && <p role="status">{isBusy === "prepare" ? words.preparing : words.approving}</p>}
      {prepared !== null && (
        <p>
          {words.looked(looked, prepared.photos.length)}{" "}
          <button class="primary" disabled={isBusy !== null} onClick={() => setChecking(true)}>
            {words.check}
          </button>
        </p>
      )}
      <label>
        <input type="checkbox" checked={hidesSurroundings} onChange={(event) => setSurroundings(event.currentTarget.checked)} />{" "}
        {words.surroundings}
      </label>
      <p>
        <button disabled={isBusy !== null} onClick={() => void act({ action: "prepare", surroundings: hidesSurroundings })}>
          {prepared === null && !publication?.approved ? words.prepare : words.again}
        </button>{" "}
        {(prepared !== null || publication?.approved) && (
          <button disabled={isBusy !== null} onClick={() => confirm(words.withdrawSure) && void act({ action: "withdraw" })}>
            {words.withdraw}
          </button>
        )}
      </p>
      {isChecking && prepared !== null && (
        <Checker
          id={id}
          set={{ ...prepared, photos: prepared.photos.map((each) => ({ ...each, title: titles.get(each.capture_id) ?? each.title })) }}
          words={words}
          isBusy={isBusy !== null}
          mayApprove={me.value?.role !== "operator"}
          onChange={setPublication}
          onApprove={() =>
            void act({ action: "approve", set_sha256: prepared.set_sha256 }).then((isDone) => isDone && setChecking(false))
          }
          onClose={() => setChecking(false)}
        />
      )}
    </section>
  );
}
