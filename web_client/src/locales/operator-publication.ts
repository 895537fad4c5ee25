/** Texts of the panel where copies for the public are checked; `fr` has the shape of `en`. */

import { typeset } from "../core/typeset";

export const publicationEn = {
  title: "Public copy",
  intro: "A page anybody can open: plates, people, VIN and names hidden. Nothing is public before you approve it.",
  surroundings: "Hide everything around the car",
  prepare: "Prepare copies",
  again: "Prepare again",
  preparing: "Looking for plates and people in every photo …",
  check: "Check the copies",
  withdraw: "Withdraw",
  withdrawSure: "The public page and its photos go for good. Withdraw?",
  open: "Open the public page",
  looked: (done: number, all: number): string => `${done} of ${all} copies looked at`,
  machine: "A machine proposed what is hidden. It misses about one plate in seven: look at every copy yourself.",
  draw: "Draw a box over what must be hidden. Take a box away in the list below; that is written into the log.",
  good: "This copy is good",
  isGood: "Looked at",
  next: "Next",
  approve: "Approve and publish",
  supervisorApproves: "A supervisor approves and publishes.",
  approving: "Signing and publishing …",
  close: "Close",
  hide: "Hide",
  kinds: { plate: "plate", person: "person", vin: "VIN", document: "document", other: "other", surroundings: "surroundings" },
  doubts: {
    plate_not_found: "No plate was found here: its usual place is hidden.",
    car_not_found: "No car was found here.",
    unknown_view: "Nobody said what this photo shows.",
    not_looked: "No model could look at this photo.",
  } as Readonly<Record<string, string>>,
};

export type PublicationTexts = typeof publicationEn;

export const publicationFr = typeset<PublicationTexts>({
  title: "Copie publique",
  intro: "Une page que chacun peut ouvrir : plaques, personnes, VIN et noms masqués. Rien n’est public avant votre accord.",
  surroundings: "Masquer tout ce qui entoure la voiture",
  prepare: "Préparer les copies",
  again: "Préparer à nouveau",
  preparing: "Recherche des plaques et des personnes dans chaque photo …",
  check: "Contrôler les copies",
  withdraw: "Retirer",
  withdrawSure: "La page publique et ses photos disparaissent pour de bon. Retirer ?",
  open: "Ouvrir la page publique",
  looked: (done, all) => `${done} copies regardées sur ${all}`,
  machine: "Un programme a proposé ce qui est masqué. Il manque environ une plaque sur sept : regardez chaque copie.",
  draw: "Tracez un cadre sur ce qui doit être masqué. Enlevez un cadre dans la liste ci-dessous ; cela est inscrit au journal.",
  good: "Cette copie est bonne",
  isGood: "Regardée",
  next: "Suivante",
  approve: "Approuver et publier",
  supervisorApproves: "Un superviseur approuve et publie.",
  approving: "Signature et publication …",
  close: "Fermer",
  hide: "Masquer",
  kinds: { plate: "plaque", person: "personne", vin: "VIN", document: "document", other: "autre", surroundings: "alentours" },
  doubts: {
    plate_not_found: "Aucune plaque trouvée ici : sa place habituelle est masquée.",
    car_not_found: "Aucune voiture trouvée ici.",
    unknown_view: "Personne n’a dit ce que montre cette photo.",
    not_looked: "Aucun modèle n’a pu regarder cette photo.",
  },
});
