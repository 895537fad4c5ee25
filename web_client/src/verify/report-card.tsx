/** What one report says: the whole in one sentence, then each question with its answer, its facts on demand. */
import type { JSX } from "preact";
import { demonstrationOf, headline, levelOf, outcomeOf, QUESTIONS, sentence, textOf, type Answer, type Language, type Level } from "./answers";
import { language } from "./state";
import type { Verdict } from "./verify";
import { WORDS } from "./words";

const MARKS: Readonly<Record<Level, string>> = { good: "✓", open: "–", untrusted: "?", bad: "✕", unreadable: "✕" };

export function ReportCard({ verdict }: { readonly verdict: Verdict }): JSX.Element {
  const spoken = language.value;
  const words = WORDS[spoken];
  const { answers, files } = verdict;
  const outcome = outcomeOf(answers);
  const demonstration = demonstrationOf(answers, spoken);
  // Whoever reads the first word only must not take generated pictures for a car that was looked at.
  const isGoodDemonstration = outcome === "good" && demonstration !== "";
  const isUnvouched = answers.intact.code === "yes" && answers.signer.code === "unknown_root";
  return (
    <article
      class={`card ${isGoodDemonstration ? "untrusted" : outcome}`}
      data-outcome={outcome}
      data-demonstration={demonstration !== ""}
    >
      <p class="files">{files.join(" + ")}</p>
      <h2 tabIndex={-1}>
        <span class="mark" aria-hidden="true">
          {isGoodDemonstration ? "!" : MARKS[outcome]}
        </span>
        <span>{isGoodDemonstration ? words.demonstration : words.outcomes[outcome]}</span>
      </h2>
      {demonstration === "" ? null : (
        <p class="headline demonstration">
          <strong>{demonstration}</strong>
        </p>
      )}
      <p class="headline">{headline(answers, spoken)}</p>
      {isUnvouched && (
        <p class="hint">
          <a href="#trust">{words.hint}</a>
        </p>
      )}
      <ol class="answers">
        {QUESTIONS.map((question) => (
          <AnswerRow key={question} given={answers[question]} />
        ))}
      </ol>
    </article>
  );
}

function AnswerRow({ given }: { readonly given: Answer }): JSX.Element {
  const spoken = language.value;
  const words = WORDS[spoken];
  const level = levelOf(given);
  return (
    <li class={level} data-question={given.question} data-code={given.code} data-why={given.why ?? ""}>
      <span class="mark" aria-hidden="true">
        {MARKS[level]}
      </span>
      <div>
        <h3>
          {words.questions[given.question]} <span class="unseen">{textOf(spoken, `mark.${markOf(level)}`)}</span>
        </h3>
        <p>{said(given, spoken)}</p>
        <details>
          <summary>{words.details}</summary>
          <p class="note">{words.explained[given.question]}</p>
          {given.details.length > 0 && (
            <dl>
              {given.details.map(({ name, value }, place) => (
                <div key={place}>
                  <dt>{textOf(spoken, `detail.${name}`)}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          )}
        </details>
      </div>
    </li>
  );
}

/** The command line may be told to ask; a page that never does says so in its own words. */
function said(given: Answer, spoken: Language): string {
  const isUnasked = given.question === "newer" && given.code === "not_asked" && given.why === null;
  return isUnasked ? WORDS[spoken].notAsked : sentence(given, spoken);
}

const markOf = (level: Level): string => ({ good: "yes", open: "open", untrusted: "unknown", bad: "no", unreadable: "no" })[level];
