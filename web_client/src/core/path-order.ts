/**
 * Makes a browser prefer the path that was found last. Left alone it keeps to the old one, although a new one works, until it
 * has heard nothing on it for 2.5 s and a second has passed (Chromium 156, measured): it goes by priorities first, and the
 * relay that is left may be the one that was named second.
 *
 * A pair's priority is that of its weaker end (RFC 8445, section 6.1.2.3). So what the other side's addresses are worth here
 * is put far below what any own address is: it alone decides, by the number of the search first and by the kind of address,
 * as it was, second. Only the order in which pairs are tried and chosen depends on it.
 */

/** Kinds of addresses: the first seven bits of a priority (RFC 8445, section 5.1.2.1). */
const KINDS = 128;
const KIND_FROM_BIT = 24;
/** foundation component transport PRIORITY ...; the same in a description's line (RFC 8839, section 5.1). */
const CANDIDATE = /^((?:a=)?candidate:\S+ \d+ \S+ )(\d+)/;

export class PathOrder {
  /** The other side's name for each of its searches, in order. */
  #searches: readonly string[] = [];

  /** Take note of the search that a description belongs to; returns it with its addresses put in order. */
  description(description: RTCSessionDescriptionInit): RTCSessionDescriptionInit {
    const { sdp } = description;
    if (sdp === undefined) return description;
    for (const [, name] of sdp.matchAll(/^a=ice-ufrag:(\S+)/gm)) {
      if (name !== undefined && !this.#searches.includes(name)) this.#searches = [...this.#searches, name];
    }
    const number = this.#searches.length;
    const lines = sdp.split("\r\n").map((line) => ordered(line, number));
    return { ...description, sdp: lines.join("\r\n") };
  }

  candidate(candidate: RTCIceCandidateInit): RTCIceCandidateInit {
    const known = this.#searches.indexOf(candidate.usernameFragment ?? "");
    const number = known === -1 ? this.#searches.length : known + 1;
    return { ...candidate, candidate: ordered(candidate.candidate ?? "", number) };
  }
}

/** An address found by the search of this number, from 1. */
function ordered(candidate: string, number: number): string {
  return candidate.replace(CANDIDATE, (_, before: string, priority: string) => {
    return before + String(number * KINDS + Math.min(KINDS - 1, Number(priority) >>> KIND_FROM_BIT));
  });
}
