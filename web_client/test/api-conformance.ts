// Compiled by `npm run check`, never run and never shipped: what the service says it answers, as its OpenAPI document
// has it, must be what the hand-written interfaces of the pages expect, and the pages must send what it takes.

import type { components } from "../src/generated/openapi";
import type { Signing } from "../src/core/api";
import type * as core from "../src/core/views";
import type { Correction, KeptDrawing } from "../src/ui/operator/api";
import type * as people from "../src/ui/operator/people/api";
import type * as operator from "../src/ui/operator/views";

type Api = components["schemas"];

/** Compiles only when a `Given` can be used wherever a `Wanted` is wanted. */
type Fits<Wanted, Given extends Wanted> = Given;

export type Answers = [
  Fits<core.LinkPreview, Api["LinkPreview"]>,
  Fits<core.SellerView, Api["SellerView"]>,
  Fits<core.StepView, Api["StepView"]>,
  Fits<core.CaptureView, Api["CaptureView"]>,
  Fits<core.FindingView, Api["FindingView"]>,
  Fits<core.EventView, Api["EventView"]>,
  Fits<core.Consents, Api["ConsentsView"]>,
  Fits<{ readonly sent_to: string }, Api["CodeSent"]>,
  Fits<operator.OperatorView, Api["OperatorView"]>,
  Fits<operator.OperatorStep, Api["OperatorStepView"]>,
  Fits<operator.QueuePage, Api["QueuePage"]>,
  Fits<operator.ControlPoint, Api["ControlPointView"]>,
  Fits<operator.Statement, Api["StatementView"]>,
  Fits<people.SignedIn, Api["SignedInOperator"]>,
  Fits<people.JoinPreview, Api["JoinPreview"]>,
  Fits<people.Account, Api["AccountView"]>,
  Fits<people.Enrolment, Api["EnrolmentView"]>,
  Fits<people.Team, Api["TeamView"]>,
  Fits<people.InvitationMade, Api["InvitationMade"]>,
  Fits<people.Accesses, Api["AccessPage"]>,
  Fits<operator.Colleague, Api["Colleague"]>,
  Fits<operator.ReplayView, Api["ReplayView"]>,
  Fits<{ readonly items: readonly core.ChatMessage[] }, Api["ChatList"]>,
  Fits<core.AnnotationView, Api["AnnotationView"]>,
  Fits<core.CorrectionView, Api["CorrectionView"]>,
  Fits<core.Withheld, Api["WithheldView"]>,
];

export type Questions = [
  Fits<Api["InviteInput"], people.Invite>,
  Fits<Api["ConsentsInput"], core.Consents>,
  Fits<Api["SignatureInput"], Signing>,
  Fits<Api["StatementInput"]["answer"], operator.Answer>,
  Fits<Api["FindingInput"]["kind"], operator.DamageKind>,
  Fits<Api["FindingInput"]["box"], core.Box>,
  Fits<Api["KeepInput"], KeptDrawing>,
  Fits<Api["CorrectionInput"], Correction>,
];

/** Values that both sides list: neither may know one that the other does not. */
export type Lists = [
  Fits<core.InspectionState, Api["SellerView"]["inspection"]["state"]>,
  Fits<Api["SellerView"]["inspection"]["state"], core.InspectionState>,
  Fits<Api["FindingInput"]["kind"], operator.DamageKind>,
  Fits<operator.DamageKind, Api["FindingInput"]["kind"]>,
  Fits<operator.Need, Api["QueueItem"]["needs"][number]>,
  Fits<Api["QueueItem"]["needs"][number], operator.Need>,
  Fits<core.CaptureState, Api["CaptureView"]["state"]>,
  Fits<Api["CaptureView"]["state"], core.CaptureState>,
  Fits<NonNullable<Api["CorrectionInput"]["reason"]>, (typeof core.CORRECTION_REASONS)[number]>,
  Fits<(typeof core.CORRECTION_REASONS)[number], NonNullable<Api["CorrectionInput"]["reason"]>>,
  Fits<core.CorrectionKind, Api["CorrectionView"]["kind"]>,
  Fits<Api["CorrectionView"]["kind"], core.CorrectionKind>,
];
