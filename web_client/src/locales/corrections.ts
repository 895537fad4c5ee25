/** What both pages say of a report after its seal: what was added, what is withheld, how anybody checks it. */

import { typeset } from "../core/typeset";
import type { CorrectionKind, CorrectionReason } from "../core/views";

const en = {
  title: "Since the report was sealed",
  download: "Report (PDF)",
  bundle: "Everything with its proofs (ZIP)",
  check: "Anybody can check this file, without us.",
  checkLink: "Check a report",
  none: "Nothing was added.",
  kinds: { addendum: "Addendum", withdrawal: "Withdrawn", redaction: "Copy with parts withheld" } satisfies Record<
    CorrectionKind,
    string
  >,
  reasons: {
    mistake: "a mistake",
    new_information: "something new",
    wrong_vehicle: "another vehicle",
    fraud: "fraud",
    dispute: "a dispute",
    other: "another reason",
    erasure_request: "erasure was asked for",
    retention: "its time of keeping is over",
    publication: "a copy for the public",
  } satisfies Record<CorrectionReason, string>,
  withdrawn: (date: string) => `This report was withdrawn on ${date}. It stays readable, and whoever checks it is told.`,
  withheld: "What is no longer kept",
  values: "Name, contact, plate, VIN, the drawn signature, what people wrote, and recordings.",
  photos: (n: number) => (n === 1 ? "The bytes of 1 photo." : `The bytes of ${n} photos.`),
  files: "The report's files: their time of keeping is over. The public log still proves that there was one.",
  still: "The signed record is as it was: it names what is missing and still proves the rest.",
  add: "Add to the report",
  withdraw: "Withdraw the report",
  addTitle: "What is to be added to the report?",
  withdrawTitle: "Why is the report withdrawn?",
  words: "In words that will stand for good",
  lasting: "It is signed and logged: nobody can change or erase it. Names and numbers of people do not belong in it.",
  withdrawLasting: "Everybody who checks this report online will be told that it was withdrawn. This cannot be undone.",
  sure: "It will stand like this:",
  more: "Go on",
  change: "Change it",
  count: (n: number) => (n === 1 ? "1 addition" : `${n} additions`),
};

export type CorrectionTexts = typeof en;

const fr: CorrectionTexts = {
  title: "Depuis le scellement du rapport",
  download: "Rapport (PDF)",
  bundle: "Le tout avec ses preuves (ZIP)",
  check: "Chacun peut vérifier ce fichier, sans passer par nous.",
  checkLink: "Vérifier un rapport",
  none: "Rien n'a été ajouté.",
  kinds: { addendum: "Complément", withdrawal: "Retiré", redaction: "Copie dont des parties sont retenues" },
  reasons: {
    mistake: "une erreur",
    new_information: "un élément nouveau",
    wrong_vehicle: "un autre véhicule",
    fraud: "une fraude",
    dispute: "un désaccord",
    other: "une autre raison",
    erasure_request: "un effacement a été demandé",
    retention: "la durée de conservation est écoulée",
    publication: "une copie pour le public",
  },
  withdrawn: (date) => `Ce rapport a été retiré le ${date}. Il reste lisible, et quiconque le vérifie en est averti.`,
  withheld: "Ce qui n'est plus conservé",
  values: "Nom, contact, plaque, numéro de série, signature dessinée, ce qui a été écrit, et enregistrements.",
  photos: (n) => (n === 1 ? "Le contenu d'une photo." : `Le contenu de ${n} photos.`),
  files: "Les fichiers du rapport : leur durée de conservation est écoulée. Le registre public prouve encore qu'il a existé.",
  still: "L'enregistrement signé est tel qu'il était : il nomme ce qui manque et prouve toujours le reste.",
  add: "Compléter le rapport",
  withdraw: "Retirer le rapport",
  addTitle: "Que faut-il ajouter au rapport ?",
  withdrawTitle: "Pourquoi le rapport est-il retiré ?",
  words: "En des mots qui resteront pour toujours",
  lasting: "C'est signé et inscrit au registre : personne ne peut le changer ni l'effacer. Ni nom ni numéro de personne.",
  withdrawLasting: "Quiconque vérifie ce rapport en ligne apprendra qu'il a été retiré. On ne peut pas revenir en arrière.",
  sure: "Voici ce qui restera :",
  more: "Continuer",
  change: "Modifier",
  count: (n) => (n === 1 ? "1 ajout" : `${n} ajouts`),
};

export const correctionTexts = { en, fr: typeset(fr) };
