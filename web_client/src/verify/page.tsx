/** The verification page: give files, read answers, say whom to trust, keep a copy. */
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { ReportCard } from "./report-card";
import { files, give, isBusy, language, startAgain, switchLanguage, verdicts } from "./state";
import { TrustList } from "./trust-list";
import { isPhoto } from "./verify";
import { WORDS } from "./words";

const ACCEPTED = ".pdf,.json,.jws,.zip,.jpg,.jpeg,.png,.webp,.heic,.heif,.bin,.pem,.crt,.cer,.der,.crl";
const FILE_NAME = "verify-inspection-report.html";

export function Page({ source }: { readonly source: string }): JSX.Element {
  const words = WORDS[language.value];
  useDropping();
  return (
    <>
      <header>
        <button type="button" class="plain language" lang={language.value === "fr" ? "en" : "fr"} onClick={switchLanguage}>
          {words.other}
        </button>
        <h1>{words.title}</h1>
        <p>{words.lead}</p>
      </header>
      <main>
        {globalThis.crypto?.subtle === undefined ? <p class="warning">{words.needs}</p> : <Examination />}
        <TrustList />
        <section class="keep">
          <h2>{words.saveTitle}</h2>
          <p>{words.saveLead}</p>
          <p>
            <button type="button" onClick={() => save(source)}>
              {words.save}
            </button>
          </p>
        </section>
      </main>
    </>
  );
}

function Examination(): JSX.Element {
  const words = WORDS[language.value];
  const isEmpty = files.value.length === 0;
  return (
    <>
      <section class="give">
        <label class="button main">
          {words.choose}
          <input
            type="file"
            class="unseen"
            multiple
            accept={ACCEPTED}
            onChange={async (event) => {
              const input = event.currentTarget;
              await give([...(input.files ?? [])]);
              input.value = ""; // so that the same file can be chosen again
            }}
          />
        </label>
        <p class="drop">{words.drop}</p>
        <p class="note">{words.kinds}</p>
        <p class="private">{words.private}</p>
        {!isEmpty && <GivenFiles />}
      </section>
      <Answers />
    </>
  );
}

function GivenFiles(): JSX.Element {
  const words = WORDS[language.value];
  const photos = files.value.filter(isPhoto).length;
  const names = files.value.filter((each) => !isPhoto(each)).map((each) => each.name);
  return (
    <p class="given">
      <span>
        {words.given}: {[...names, ...(photos ? [words.photosGiven(photos)] : [])].join(", ")}
      </span>
      <button type="button" class="plain" onClick={startAgain}>
        {words.again}
      </button>
    </p>
  );
}

function Answers(): JSX.Element {
  const words = WORDS[language.value];
  const section = useRef<HTMLElement>(null);
  const isReady = !isBusy.value && verdicts.value.length > 0;
  const count = files.value.length;
  // Whoever gave files is led to the answer; ticking a root further down must not carry the reader away from it.
  useEffect(() => {
    if (isReady) section.current?.querySelector("h2")?.focus();
  }, [isReady && count]);
  const isWaiting = !isBusy.value && count > 0 && verdicts.value.length === 0;
  return (
    <section ref={section} aria-live="polite" aria-busy={isBusy.value}>
      {isBusy.value && verdicts.value.length === 0 && <p class="busy">{words.busy}</p>}
      {isWaiting && <p class="busy">{words.onlyPhotos}</p>}
      {verdicts.value.map((verdict) => (
        <ReportCard key={verdict.files.join("\n")} verdict={verdict} />
      ))}
    </section>
  );
}

/** Takes what is dropped anywhere on the page, so that a near miss does not open the file instead. */
function useDropping(): void {
  useEffect(() => {
    const over = (event: DragEvent): void => event.preventDefault();
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      void give([...(event.dataTransfer?.files ?? [])]);
    };
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  }, []);
}

function save(source: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([source], { type: "text/html" }));
  link.download = FILE_NAME;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
