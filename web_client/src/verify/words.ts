/** The page's own words; the answers' sentences are those of the command-line verifier (`answers.ts`). */
import { typeset } from "../core/typeset";
import type { Language, Outcome, Question } from "./answers";

export interface Words {
  readonly title: string;
  readonly lead: string;
  readonly private: string;
  readonly choose: string;
  readonly drop: string;
  readonly kinds: string;
  readonly busy: string;
  readonly again: string;
  readonly given: string;
  readonly photosGiven: (count: number) => string;
  readonly onlyPhotos: string;
  readonly outcomes: Readonly<Record<Outcome, string>>;
  readonly demonstration: string;
  readonly questions: Readonly<Record<Question, string>>;
  readonly explained: Readonly<Record<Question, string>>;
  readonly notAsked: string;
  readonly details: string;
  readonly trustTitle: string;
  readonly trustLead: string;
  readonly trustWarning: string;
  readonly signers: string;
  readonly times: string;
  readonly noRoots: string;
  readonly fingerprint: string;
  readonly fromPage: string;
  readonly fromReader: string;
  readonly addSigner: string;
  readonly addTime: string;
  readonly addList: string;
  readonly lists: (count: number) => string;
  readonly badCertificate: string;
  readonly badList: string;
  readonly hint: string;
  readonly saveTitle: string;
  readonly saveLead: string;
  readonly save: string;
  readonly other: string;
  readonly until: string;
  readonly needs: string;
}

const en: Words = {
  title: "Verify an inspection report",
  lead: "Give the file you hold; this page says what it proves and what it does not.",
  private: "Your files stay in this browser: the page sends nothing and asks nobody.",
  choose: "Choose files",
  drop: "or drop them anywhere on this page",
  kinds: "The report as .pdf, or .json with its .jws, or the .zip with everything; the original photos beside it if you have them.",
  busy: "Examining …",
  again: "Start again",
  given: "Files",
  photosGiven: (count) => `${count} ${count === 1 ? "photo" : "photos"} beside it`,
  onlyPhotos: "Now add the report these files belong to: its .pdf, .zip, or .json with .jws.",
  outcomes: { good: "Good", untrusted: "Intact, not vouched for", bad: "Not good", unreadable: "Cannot be read" },
  demonstration: "A demonstration, not a real inspection",
  questions: {
    intact: "Is it unchanged?",
    signer: "Who signed it?",
    time: "When, and by whose clock?",
    log: "Is it in the log?",
    photos: "Are the photos its own?",
    redacted: "Is it a redacted copy?",
    known: "Are its models known?",
    newer: "Is there anything newer?",
  },
  explained: {
    intact: "Every part of the file is compared with what was signed. One changed letter, photo or page would show.",
    signer: "A signature says which key signed. Whose key it is, only a root certificate you trust can say; the file itself cannot.",
    time: "The service’s own clock is only its word. An independent timestamp authority makes it proof that does not depend on the service.",
    log: "Every sealed report becomes an entry of a log that can only grow. The proof shows that this one is in it, so that it cannot be denied or quietly replaced.",
    photos: "The report holds the fingerprint (SHA-256) of every original photo. Photos given here are compared with them.",
    redacted: "After an erasure a copy without the erased values may be issued, with a signed statement of what was taken out.",
    known: "The report names the image models and the checklist by their hashes. Only an installation of the service can compare them.",
    newer: "Corrections are separate signed entries. Those inside the file are checked; whether later ones exist only the service can say.",
  },
  notAsked: "Not asked: this page never asks the network. Whether later entries exist, the service’s report page says.",
  details: "Details",
  trustTitle: "Whom do you trust?",
  trustLead:
    "Nothing is trusted until you tick it. Compare the fingerprint with one you got by another way: on paper, by phone, from the company’s own site.",
  trustWarning: "This page was handed out by the same service that signs the reports: that it lists a root here proves nothing by itself.",
  signers: "For signatures",
  times: "For timestamps",
  noRoots: "No root is listed in this copy of the page.",
  fingerprint: "fingerprint (SHA-256)",
  fromPage: "came with this page",
  fromReader: "added by you",
  addSigner: "Add a root for signatures (PEM)",
  addTime: "Add a root for timestamps (PEM)",
  addList: "Add a revocation list (CRL)",
  lists: (count) => `${count} revocation ${count === 1 ? "list" : "lists"} added.`,
  badCertificate: "That file holds no certificate.",
  badList: "That file holds no revocation list.",
  hint: "To have the signer vouched for, say below whom you trust.",
  saveTitle: "Keep this page",
  saveLead: "Saved to your disk it does the same without any network and without us, also in ten years.",
  save: "Save this page",
  other: "Français",
  until: "valid until",
  needs: "This browser is too old, or this page was opened in a way that gives it no cryptography. Open it by https, or save it and open the saved copy.",
};

const fr: Words = {
  title: "Vérifier un rapport d’inspection",
  lead: "Donnez le fichier que vous avez ; cette page dit ce qu’il prouve et ce qu’il ne prouve pas.",
  private: "Vos fichiers restent dans ce navigateur : la page n’envoie rien et n’interroge personne.",
  choose: "Choisir des fichiers",
  drop: "ou déposez-les n’importe où sur cette page",
  kinds: "Le rapport en .pdf, ou .json avec son .jws, ou l’archive .zip complète ; et les photos originales si vous les avez.",
  busy: "Examen en cours …",
  again: "Recommencer",
  given: "Fichiers ",
  photosGiven: (count) => `${count} ${count === 1 ? "photo jointe" : "photos jointes"}`,
  onlyPhotos: "Ajoutez maintenant le rapport auquel ces fichiers appartiennent : son .pdf, son .zip, ou son .json avec .jws.",
  outcomes: { good: "Bon", untrusted: "Intact, mais sans garant", bad: "Pas bon", unreadable: "Illisible" },
  demonstration: "Une démonstration, pas une vraie inspection",
  questions: {
    intact: "Est-il inchangé ?",
    signer: "Qui l’a signé ?",
    time: "Quand, et selon quelle horloge ?",
    log: "Est-il dans le registre ?",
    photos: "Les photos sont-elles les siennes ?",
    redacted: "Est-ce une copie caviardée ?",
    known: "Ses modèles sont-ils connus ?",
    newer: "Y a-t-il plus récent ?",
  },
  explained: {
    intact: "Chaque partie du fichier est comparée à ce qui a été signé. Une lettre, une photo ou une page changée se verrait.",
    signer: "Une signature dit quelle clé a signé. À qui est cette clé, seul un certificat racine auquel vous faites confiance peut le dire ; le fichier ne le peut pas.",
    time: "L’horloge du service n’est que sa parole. Une autorité d’horodatage indépendante en fait une preuve qui ne dépend pas du service.",
    log: "Chaque rapport scellé devient une entrée d’un registre qui ne peut que grandir. La preuve montre que celui-ci s’y trouve : on ne peut ni le nier ni le remplacer en silence.",
    photos: "Le rapport contient l’empreinte (SHA-256) de chaque photo originale. Les photos données ici y sont comparées.",
    redacted: "Après un effacement, une copie sans les valeurs effacées peut être émise, avec une déclaration signée de ce qui a été retiré.",
    known: "Le rapport nomme les modèles d’image et la liste de contrôle par leurs empreintes. Seule une installation du service peut les comparer.",
    newer: "Les corrections sont des entrées signées à part. Celles du fichier sont vérifiées ; s’il en existe de plus récentes, seul le service peut le dire.",
  },
  notAsked: "Non demandé : cette page n’interroge jamais le réseau. La page du rapport, chez le service, dit s’il existe des entrées ultérieures.",
  details: "Détails",
  trustTitle: "À qui faites-vous confiance ?",
  trustLead:
    "Rien n’est admis tant que vous ne l’avez pas coché. Comparez l’empreinte avec celle obtenue par une autre voie : sur papier, par téléphone, sur le site de l’entreprise.",
  trustWarning: "Cette page a été remise par le service même qui signe les rapports : qu’elle cite une racine ne prouve rien à lui seul.",
  signers: "Pour les signatures",
  times: "Pour les horodatages",
  noRoots: "Aucune racine n’est citée dans cette copie de la page.",
  fingerprint: "empreinte (SHA-256)",
  fromPage: "fournie avec cette page",
  fromReader: "ajoutée par vous",
  addSigner: "Ajouter une racine pour les signatures (PEM)",
  addTime: "Ajouter une racine pour les horodatages (PEM)",
  addList: "Ajouter une liste de révocation (CRL)",
  lists: (count) => `${count} ${count === 1 ? "liste de révocation ajoutée" : "listes de révocation ajoutées"}.`,
  badCertificate: "Ce fichier ne contient pas de certificat.",
  badList: "Ce fichier ne contient pas de liste de révocation.",
  hint: "Pour que le signataire ait un garant, dites plus bas à qui vous faites confiance.",
  saveTitle: "Garder cette page",
  saveLead: "Enregistrée sur votre disque, elle fait la même chose sans réseau et sans nous, même dans dix ans.",
  save: "Enregistrer cette page",
  other: "English",
  until: "valable jusqu’au",
  needs: "Ce navigateur est trop ancien, ou cette page a été ouverte d’une façon qui la prive de cryptographie. Ouvrez-la par https, ou enregistrez-la et ouvrez la copie.",
};

export const WORDS: Readonly<Record<Language, Words>> = { en, fr: typeset(fr) };
