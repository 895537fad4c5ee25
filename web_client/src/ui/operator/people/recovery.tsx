import { useState } from "preact/hooks";
import { t } from "../desk";

/** Ten codes, shown once; nobody goes on by accident before they are kept. */
export function Recovery({ codes, onKept }: { readonly codes: readonly string[]; readonly onKept: () => void }) {
  const words = t().people;
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard?.writeText(codes.join("\n")).then(() => setCopied(true));
  };
  return (
    <section class="recovery">
      <h2>{words.recoveryTitle}</h2>
      <p>{words.recoveryWhy}</p>
      <ol>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <p class="actions">
        <button type="button" onClick={copy}>
          {isCopied ? words.copied : words.copy}
        </button>
        <button type="button" class="primary" onClick={onKept}>
          {words.kept}
        </button>
      </p>
    </section>
  );
}
