import { useState } from "preact/hooks";
import { attempt, people, t, when } from "../desk";
import type { Accesses } from "./api";

/** Who had this case before them; for supervisors, asked for when it is opened. */
export function Looked({ id }: { readonly id: string }) {
  const texts = t();
  const words = texts.people;
  const [page, setPage] = useState<Accesses | null>(null);
  const load = (cursor: string | null): void =>
    void attempt(
      async () => {
        const next = await people.accesses(id, cursor);
        setPage(cursor === null ? next : { items: [...(page?.items ?? []), ...next.items], next_cursor: next.next_cursor });
      },
      { isQuiet: true },
    );
  return (
    <details class="log" onToggle={(event) => event.currentTarget.open && load(null)}>
      <summary>{words.looked}</summary>
      {page?.items.length === 0 && <p class="faint">{words.lookedNobody}</p>}
      <ol>
        {page?.items.map((each, index) => (
          <li key={index}>
            <time dateTime={each.at}>{when(each.at)}</time> {each.who.name || each.who.kind}{" "}
            <small>
              {words.whats[each.what] ?? each.what}
              {each.who.organisation && ` · ${each.who.organisation}`}
            </small>
          </li>
        ))}
      </ol>
      {page?.next_cursor && <button onClick={() => load(page.next_cursor)}>{words.lookedMore}</button>}
    </details>
  );
}
