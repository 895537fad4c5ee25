import { useEffect, useRef, useState } from "preact/hooks";
import type { PublicationTexts } from "../../../locales/operator-publication";
import { attempt } from "../desk";
import { boxOf, changeCopy, nextToCheck, type CopyChange, type CopySet, type HiddenKind, type Publication } from "./model";

const KINDS = ["plate", "person", "vin", "document", "other"] as const;

interface Props {
  readonly id: string;
  readonly set: CopySet;
  readonly words: PublicationTexts;
  readonly isBusy: boolean;
  /** An operator looks and hides; what goes out is a supervisor's decision. */
  readonly mayApprove: boolean;
  readonly onChange: (now: Publication) => void;
  readonly onApprove: () => void;
  readonly onClose: () => void;
}

type Point = readonly [number, number];

/** Every copy, large, one after the other: draw what must go, take away what may stay, say that it was looked at. */
export function Checker({ id, set, words, isBusy, mayApprove, onChange, onApprove, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [chosen, choose] = useState(() => nextToCheck(set.photos, null) ?? set.photos[0]?.capture_id ?? null);
  const [kind, setKind] = useState<HiddenKind>("plate");
  const [drag, setDrag] = useState<readonly [Point, Point] | null>(null);
  const [isSending, setSending] = useState(false);
  const [seen, setSeen] = useState<string | null>(null);
  useEffect(() => dialog.current?.showModal(), []);

  const photo = set.photos.find((each) => each.capture_id === chosen) ?? set.photos[0];
  if (photo === undefined) return null;
  const change = async (what: CopyChange): Promise<void> => {
    if (isSending) return;
    setSending(true);
    await attempt(async () => {
      const now = await changeCopy(id, photo.capture_id, what);
      onChange(now);
      if (what.is_checked) choose(nextToCheck(now.prepared?.photos ?? [], photo.capture_id) ?? photo.capture_id);
    });
    setSending(false);
  };
  const at = (event: PointerEvent): Point => {
    const rect = (event.currentTarget as Element).getBoundingClientRect();
    return [(event.clientX - rect.left) / rect.width, (event.clientY - rect.top) / rect.height];
  };
  const drawn = drag === null ? null : boxOf(drag[0], drag[1], photo);
  const finish = (): void => {
    setDrag(null);
    if (drawn !== null) void change({ add: [{ kind, box: drawn }] });
  };
  // The address names what is hidden, so that a changed copy is never taken for the one seen before; and nothing is
  // said of a copy while the one before it still stands on the screen.
  const src = `${photo.copy_url}?of=${set.set_sha256.slice(0, 16)}`;
  return (
    <dialog ref={dialog} class="copies" onClose={onClose} onKeyDown={(event) => event.stopPropagation()} aria-label={words.check}>
      <nav>
        {set.photos.map((each) => (
          <button key={each.capture_id} aria-pressed={each === photo} onClick={() => choose(each.capture_id)}>
            {each.is_checked ? "✓ " : each.doubts.length > 0 ? "⚠ " : ""}
            {each.title}
          </button>
        ))}
      </nav>
      <p class="faint">
        {words.machine} {words.draw}
      </p>
      {photo.doubts.map((doubt) => (
        <p key={doubt} class="warning" role="note">
          ⚠ {words.doubts[doubt] ?? doubt}
        </p>
      ))}
      <div class="copy" style={`--shape: ${photo.width} / ${photo.height}`}>
        <img key={src} src={src} alt={photo.title} draggable={false} onLoad={() => setSeen(src)} />
        <svg
          viewBox={`0 0 ${photo.width} ${photo.height}`}
          preserveAspectRatio="none"
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            setDrag([at(event), at(event)]);
          }}
          onPointerMove={(event) => drag !== null && setDrag([drag[0], at(event)])}
          onPointerUp={finish}
          onPointerCancel={() => setDrag(null)}
        >
          {photo.hidden.map(({ kind: what, box }) => (
            <rect key={`${what}${box.join()}`} x={box[0]} y={box[1]} width={box[2] - box[0]} height={box[3] - box[1]} />
          ))}
          {drawn && <rect class="drawn" x={drawn[0]} y={drawn[1]} width={drawn[2] - drawn[0]} height={drawn[3] - drawn[1]} />}
        </svg>
      </div>
      <ul class="boxes">
        {photo.hidden.map(({ kind: what, box }) => (
          <li key={`${what}${box.join()}`}>
            <button disabled={isSending} title={words.draw} onClick={() => void change({ remove: [{ kind: what, box }] })}>
              ✕ {words.kinds[what]} <small>{box.join(", ")}</small>
            </button>
          </li>
        ))}
      </ul>
      <footer>
        <label>
          {words.hide}{" "}
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value as HiddenKind)}>
            {KINDS.map((each) => (
              <option key={each} value={each}>
                {words.kinds[each]}
              </option>
            ))}
          </select>
        </label>
        <button class="primary" disabled={isSending || photo.is_checked || seen !== src} onClick={() => void change({ is_checked: true })}>
          {photo.is_checked ? words.isGood : words.good}
        </button>
        {mayApprove ? (
          <button class="primary" disabled={!set.is_complete || isSending || isBusy} onClick={onApprove}>
            {isBusy ? words.approving : words.approve}
          </button>
        ) : (
          <span class="faint">{words.supervisorApproves}</span>
        )}
        <button onClick={() => dialog.current?.close()}>{words.close}</button>
      </footer>
      <style>{STYLE}</style>
    </dialog>
  );
}

const STYLE = `
dialog.copies{width:min(96vw,80rem);max-height:96vh;border:0;border-radius:.6rem;padding:1rem;overflow:auto}
dialog.copies nav,dialog.copies footer,dialog.copies .boxes{display:flex;flex-wrap:wrap;gap:.4rem;list-style:none;padding:0;margin:.5rem 0}
dialog.copies .copy{position:relative;aspect-ratio:var(--shape);max-height:64vh;margin:auto;max-width:100%}
dialog.copies .copy img,dialog.copies .copy svg{position:absolute;inset:0;width:100%;height:100%}
dialog.copies svg{cursor:crosshair;touch-action:none}
dialog.copies rect{fill:none;stroke:#ffd400;stroke-width:2px;vector-effect:non-scaling-stroke}
dialog.copies rect.drawn{stroke:#ff3b30}
`;
