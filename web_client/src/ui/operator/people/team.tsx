import { useEffect, useState } from "preact/hooks";
import { attempt, day, go, people, t, timeOfDay, when } from "../desk";
import { Ask, type Question } from "../dialogs";
import { useKeys } from "../keys";
import { step } from "../queue-order";
import type { Role } from "../views";
import type { InvitationMade, Member, MemberAct, Team as TeamView } from "./api";
import { InviteDialog, LinkDialog } from "./invite";

const ROLES: readonly Role[] = ["operator", "supervisor", "admin"];

/** Everybody of the team and who is invited; every act has a key, and what cannot be taken back asks first. */
export function Team() {
  const words = t().people;
  const [team, setTeam] = useState<TeamView | null>(null);
  const [chosen, choose] = useState<string | null>(null);
  const [question, ask] = useState<Question | null>(null);
  const [isInviting, setInviting] = useState(false);
  const [made, setMade] = useState<InvitationMade | null>(null);
  useEffect(() => void attempt(async () => setTeam(await people.team())), []);

  const act = (what: () => Promise<TeamView>): void => void attempt(async () => setTeam(await what()));
  const members = team?.members ?? [];
  const order = [...members, ...(team?.invitations ?? [])].map((each) => each.id);
  const member = members.find((each) => each.id === chosen) ?? null;
  const sure = (who: Member, what: MemberAct, title: string, means: string, action: string): void =>
    ask({
      title,
      choices: [],
      textLabel: null,
      isTextNeeded: false,
      warnings: [means],
      action,
      onAnswer: () => act(() => people.actOn(who.id, what)),
    });
  const acts = {
    role: (who: Member): void =>
      ask({
        title: words.changeRoleOf(who.name),
        choices: ROLES.map((role) => ({ code: role, sentence: words.rolesMean[role] })),
        chosen: who.role,
        textLabel: null,
        isTextNeeded: false,
        action: words.changeRole,
        onAnswer: (role) => act(() => people.changeRole(who.id, role as Role)),
      }),
    close: (who: Member): void =>
      who.disabled_at === null
        ? sure(who, "disable", words.disableSure(who.name), words.disableMeans, words.disable)
        : act(() => people.actOn(who.id, "enable")),
    unlock: (who: Member): void => void (who.locked_until !== null && act(() => people.actOn(who.id, "unlock"))),
    reset: (who: Member): void =>
      void (
        who.has_second_factor &&
        sure(who, "reset-second-factor", words.resetFactorSure(who.name), words.resetFactorMeans, words.resetFactor)
      ),
  };
  const select = (by: 1 | -1): void => choose(step(order, chosen, by));
  useKeys({
    j: () => select(1),
    k: () => select(-1),
    ArrowDown: () => select(1),
    ArrowUp: () => select(-1),
    i: () => setInviting(true),
    r: () => member && acts.role(member),
    x: () => member && acts.close(member),
    u: () => member && acts.unlock(member),
    s: () => member && acts.reset(member),
    Escape: () => go("/operator"),
  });

  if (team === null) return <main class="queue" aria-busy="true" />;
  return (
    <main class="queue team">
      <nav aria-label={words.team}>
        <strong>{team.organisation.name}</strong>
        <span class="faint">{team.is_second_factor_required ? words.factorRequired : words.factorOptional}</span>
        <span class="space" />
        <span class="faint">
          <kbd>j</kbd> <kbd>k</kbd>
          {words.teamKeys.map(([key, what]) => (
            <span key={key}>
              {" · "}
              <kbd>{key}</kbd> {what}
            </span>
          ))}
        </span>
        <button class="primary" onClick={() => setInviting(true)}>
          {words.invite}
        </button>
      </nav>
      <table>
        <thead>
          <tr>
            <th>{words.person}</th>
            <th>{words.email}</th>
            <th>{words.role}</th>
            <th>{words.secondFactor}</th>
            <th>{words.signedIn}</th>
            <th>{t().state}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {members.map((each) => (
            <tr key={each.id} aria-selected={each.id === chosen} class={each.disabled_at ? "closed" : ""} onClick={() => choose(each.id)}>
              <td>
                <strong>{each.name}</strong> {each.is_me && <small>{words.me}</small>}
              </td>
              <td>{each.email}</td>
              <td>{words.roles[each.role]}</td>
              <td class={each.has_second_factor ? "good" : "faint"}>{each.has_second_factor ? words.factorOn : words.factorOff}</td>
              <td>{each.signed_in_at ? when(each.signed_in_at) : <span class="faint">{words.never}</span>}</td>
              <td>
                <State member={each} />
              </td>
              <td class="number">
                <button onClick={() => acts.role(each)}>{words.changeRole}</button>{" "}
                {each.locked_until && <button onClick={() => acts.unlock(each)}>{words.unlock}</button>}{" "}
                {each.has_second_factor && <button onClick={() => acts.reset(each)}>{words.resetFactor}</button>}{" "}
                <button onClick={() => acts.close(each)}>{each.disabled_at ? words.enable : words.disable}</button>
              </td>
            </tr>
          ))}
          {team.invitations.map((each) => (
            <tr key={each.id} aria-selected={each.id === chosen} onClick={() => choose(each.id)}>
              <td>{each.name}</td>
              <td>{each.email}</td>
              <td>{words.roles[each.role]}</td>
              <td />
              <td />
              <td>
                <span class="state invited">{words.stateInvited(day(each.expires_at))}</span>
              </td>
              <td class="number">
                <button onClick={() => act(() => people.withdraw(each.id))}>{words.withdraw}</button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {question && <Ask question={question} onClose={() => ask(null)} />}
      {isInviting && (
        <InviteDialog
          onClose={() => setInviting(false)}
          onMade={(invitation) => {
            setInviting(false);
            setMade(invitation);
            act(() => people.team());
          }}
        />
      )}
      {made && <LinkDialog made={made} onClose={() => setMade(null)} />}
    </main>
  );
}

function State({ member }: { readonly member: Member }) {
  const words = t().people;
  if (member.disabled_at !== null) return <span class="state closed">{words.stateClosed}</span>;
  if (member.locked_until !== null) return <span class="state locked">{words.stateLocked(timeOfDay(member.locked_until))}</span>;
  return <span class="state">{words.stateActive}</span>;
}
