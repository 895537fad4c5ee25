/** The roots the reader may trust, each by its fingerprint; none is ticked by anybody but the reader. */
import type { JSX } from "preact";
import { moment } from "./answers";
import { addList, addRootFile, complaint, crls, language, roots, trust, type Role, type Root } from "./state";
import { WORDS } from "./words";

export function TrustList(): JSX.Element {
  const words = WORDS[language.value];
  return (
    <section class="trust" id="trust" aria-labelledby="trust-title">
      <h2 id="trust-title">{words.trustTitle}</h2>
      <p>{words.trustLead}</p>
      <Listed role="signers" title={words.signers} add={words.addSigner} />
      {roots.value.some((each) => each.isFromPage) && <p class="warning">{words.trustWarning}</p>}
      <Listed role="time" title={words.times} add={words.addTime} />
      <p class="pickers">
        <Picker label={words.addList} accept=".crl,.pem" take={addList} />
      </p>
      {crls.value.length > 0 && <p>{words.lists(crls.value.length)}</p>}
      <p role="alert" class="complaint">
        {complaint.value === null ? "" : words[complaint.value]}
      </p>
    </section>
  );
}

function Listed({ role, title, add }: { readonly role: Role; readonly title: string; readonly add: string }): JSX.Element {
  const words = WORDS[language.value];
  const listed = roots.value.filter((each) => each.role === role);
  return (
    <>
      <h3>{title}</h3>
      {listed.length === 0 && <p class="note">{words.noRoots}</p>}
      <ul class="roots">
        {listed.map((root) => (
          <RootRow key={root.certificate.fingerprint} root={root} />
        ))}
      </ul>
      <p class="pickers">
        <Picker label={add} accept=".pem,.crt,.cer,.der" take={(file) => addRootFile(file, role)} />
      </p>
    </>
  );
}

function RootRow({ root }: { readonly root: Root }): JSX.Element {
  const words = WORDS[language.value];
  const { certificate, isFromPage, isTrusted } = root;
  return (
    <li>
      <label>
        <input type="checkbox" checked={isTrusted} onChange={(event) => void trust(root, event.currentTarget.checked)} />
        <span>
          <strong>{certificate.commonName}</strong>
          <small>
            {isFromPage ? words.fromPage : words.fromReader}, {words.until} {moment(certificate.notAfter).slice(0, 10)}
          </small>
          <small>{words.fingerprint}</small>
          <code>{certificate.fingerprint.replace(/(.{4})(?=.)/g, "$1 ")}</code>
        </span>
      </label>
    </li>
  );
}

interface PickerProps {
  readonly label: string;
  readonly accept: string;
  readonly take: (file: File) => Promise<void>;
}

function Picker({ label, accept, take }: PickerProps): JSX.Element {
  return (
    <label class="button plain">
      {label}
      <input
        type="file"
        class="unseen"
        accept={accept}
        onChange={async (event) => {
          const input = event.currentTarget;
          const file = input.files?.[0];
          if (file) await take(file);
          input.value = ""; // so that the same file can be chosen again
        }}
      />
    </label>
  );
}
