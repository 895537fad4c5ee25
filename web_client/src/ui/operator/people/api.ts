/** What the pages of accounts and teams ask of the service. */

import type { Http } from "../../../core/api";
import type { Language } from "../../../core/views";
import type { Me, OperatorRef, Role } from "../views";

export interface SignedIn {
  readonly operator: Me;
  readonly organisation: OperatorRef;
  readonly must_enrol: boolean;
}

export interface JoinPreview {
  readonly organisation: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly expires_at: string;
  readonly is_second_factor_required: boolean;
}

export interface Enrolment {
  readonly secret: string;
  readonly uri: string;
  readonly qr: { readonly size: number; readonly path: string };
  readonly pending: string;
}

export interface Account {
  readonly operator: Me;
  readonly organisation: OperatorRef;
  readonly email: string;
  readonly second_factor: {
    readonly is_on: boolean;
    readonly since: string | null;
    readonly recovery_codes_left: number;
    readonly is_required: boolean;
  };
  readonly sessions: readonly {
    readonly id: string;
    readonly device: string | null;
    readonly created_at: string;
    readonly expires_at: string;
    readonly is_this: boolean;
  }[];
}

export interface Member extends Me {
  readonly email: string;
  readonly has_second_factor: boolean;
  readonly signed_in_at: string | null;
  readonly locked_until: string | null;
  readonly disabled_at: string | null;
  readonly is_me: boolean;
}

export interface Invitation {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly created_at: string;
  readonly expires_at: string;
}

export interface InvitationMade extends Invitation {
  readonly link: string;
  readonly is_sent: boolean;
}

export interface Team {
  readonly organisation: OperatorRef;
  readonly is_second_factor_required: boolean;
  readonly members: readonly Member[];
  readonly invitations: readonly Invitation[];
}

export interface Invite {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly language: Language;
}

export interface Accesses {
  readonly items: readonly {
    readonly at: string;
    readonly who: { readonly kind: string; readonly id: string; readonly name: string; readonly organisation: string | null };
    readonly what: string;
  }[];
  readonly next_cursor: string | null;
}

const ROOT = "/v1/operator";
/** What an admin does to a member without more to say. */
export type MemberAct = "disable" | "enable" | "unlock" | "reset-second-factor";

export class PeopleApi {
  constructor(private readonly http: Http) {}

  me(): Promise<SignedIn> {
    return this.http.json("GET", `${ROOT}/me`);
  }

  login(email: string, password: string, code: string | null): Promise<SignedIn> {
    return this.http.json("POST", `${ROOT}/login`, code === null ? { email, password } : { email, password, code });
  }

  previewJoin(token: string): Promise<JoinPreview> {
    return this.http.json("POST", `${ROOT}/join/preview`, { token });
  }

  join(token: string, name: string, password: string): Promise<SignedIn> {
    return this.http.json("POST", `${ROOT}/join`, { token, name, password });
  }

  account(): Promise<Account> {
    return this.http.json("GET", `${ROOT}/account`);
  }

  changePassword(password: string, next: string): Promise<Account> {
    return this.http.json("PUT", `${ROOT}/account/password`, { password, new_password: next });
  }

  beginSecondFactor(password: string): Promise<Enrolment> {
    return this.http.json("POST", `${ROOT}/account/second-factor`, { password });
  }

  async confirmSecondFactor(pending: string, code: string): Promise<readonly string[]> {
    const answer = await this.http.json<{ codes: readonly string[] }>("PUT", `${ROOT}/account/second-factor`, { pending, code });
    return answer.codes;
  }

  removeSecondFactor(password: string): Promise<Account> {
    return this.http.json("POST", `${ROOT}/account/second-factor/remove`, { password });
  }

  async renewRecoveryCodes(password: string): Promise<readonly string[]> {
    return (await this.http.json<{ codes: readonly string[] }>("POST", `${ROOT}/account/recovery-codes`, { password })).codes;
  }

  endSession(id: string): Promise<Account> {
    return this.http.json("DELETE", `${ROOT}/account/sessions/${id}`);
  }

  async endSessions(): Promise<void> {
    await this.http.json("DELETE", `${ROOT}/account/sessions`);
  }

  team(): Promise<Team> {
    return this.http.json("GET", `${ROOT}/team`);
  }

  invite(invite: Invite): Promise<InvitationMade> {
    return this.http.json("POST", `${ROOT}/team/invitations`, invite);
  }

  withdraw(id: string): Promise<Team> {
    return this.http.json("DELETE", `${ROOT}/team/invitations/${id}`);
  }

  changeRole(id: string, role: Role): Promise<Team> {
    return this.http.json("PUT", `${ROOT}/team/${id}/role`, { role });
  }

  actOn(id: string, act: MemberAct): Promise<Team> {
    return this.http.json("POST", `${ROOT}/team/${id}/${act}`, {});
  }

  accesses(caseId: string, cursor: string | null): Promise<Accesses> {
    const after = cursor === null ? "" : `?cursor=${cursor}`;
    return this.http.json("GET", `${ROOT}/inspections/${caseId}/accesses${after}`);
  }
}
