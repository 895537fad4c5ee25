/** Why a report is not sealed yet: what a person at the desk should know, by the service's reason codes. */

export const sealingEn = {
  /** After any reason. */
  goesOn: "Nothing is lost: it is tried again until it succeeds, and the report follows by itself.",
  reasons: {
    timestamp_away: "The report waits for its seal: the timestamp authority does not answer.",
    timestamp_slow: "The report waits for its seal: the timestamp authority answers too slowly.",
    timestamp_refused: "The report waits for its seal: the timestamp authority refuses. Whoever runs the service must look.",
    timestamp_malformed:
      "The report waits for its seal: what the timestamp authority sends cannot be read. Whoever runs the service must look.",
    timestamp_false:
      "The report waits for its seal: the timestamp authority's answer does not fit the question. Whoever runs the service must look.",
    timestamp_clock:
      "The report waits for its seal: the clocks of the timestamp authority and of the service disagree. Whoever runs the service must look.",
    timestamp_untrusted:
      "The report waits for its seal: the timestamp authority is not one this service trusts. Whoever runs the service must look.",
    revocation_unknown: "The report waits for its seal: nobody says whether a certificate has been revoked.",
    signer_expired:
      "The report waits for its seal: the signing certificate has expired. Whoever runs the service must replace it.",
    signer_not_yet_valid: "The report waits for its seal: the signing certificate is not valid yet.",
    signer_revoked:
      "The report waits for its seal: the signing certificate has been revoked. Whoever runs the service must replace it.",
    key_away: "The report waits for its seal: the signing key does not answer.",
  } as Readonly<Record<string, string>>,
  other: "The report waits for its seal.",
};

export const sealingFr: typeof sealingEn = {
  goesOn: "Rien n’est perdu : l’essai est répété jusqu’à ce qu’il réussisse, et le rapport suivra de lui-même.",
  reasons: {
    timestamp_away: "Le rapport attend son scellement : l’autorité d’horodatage ne répond pas.",
    timestamp_slow: "Le rapport attend son scellement : l’autorité d’horodatage répond trop lentement.",
    timestamp_refused:
      "Le rapport attend son scellement : l’autorité d’horodatage refuse. L’exploitant du service doit intervenir.",
    timestamp_malformed:
      "Le rapport attend son scellement : la réponse de l’autorité d’horodatage est illisible. L’exploitant du service doit intervenir.",
    timestamp_false:
      "Le rapport attend son scellement : la réponse de l’autorité d’horodatage ne correspond pas à la demande. L’exploitant du service doit intervenir.",
    timestamp_clock:
      "Le rapport attend son scellement : les horloges de l’autorité d’horodatage et du service diffèrent. L’exploitant du service doit intervenir.",
    timestamp_untrusted:
      "Le rapport attend son scellement : l’autorité d’horodatage n’est pas de celles que ce service reconnaît. L’exploitant du service doit intervenir.",
    revocation_unknown:
      "Le rapport attend son scellement : personne ne dit si un certificat a été révoqué.",
    signer_expired:
      "Le rapport attend son scellement : le certificat de signature a expiré. L’exploitant du service doit le remplacer.",
    signer_not_yet_valid: "Le rapport attend son scellement : le certificat de signature n’est pas encore valable.",
    signer_revoked:
      "Le rapport attend son scellement : le certificat de signature a été révoqué. L’exploitant du service doit le remplacer.",
    key_away: "Le rapport attend son scellement : la clé de signature ne répond pas.",
  },
  other: "Le rapport attend son scellement.",
};
