/**
 * What can go wrong between the page and the service, as two classes: the service said no (and why), or it was not reached.
 *
 * Source: RFC 9457, Problem Details for HTTP APIs.
 */

const PREFIX = "urn:inspection:problem:";

/** The service refused; branch on `slug`, never on the text. */
export class Refused extends Error {
  constructor(
    readonly slug: string,
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly attributes: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${slug}: ${detail || title}`);
    this.name = "Refused";
  }

  /** Whether the same request may succeed later without anybody changing anything. */
  get isPassing(): boolean {
    // The inspection has all it may have, and waiting does not change that; only uploads under way come to an end.
    if (this.slug === "quota-exceeded") return this.attributes.quota === "open_uploads";
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/** No answer came: no network, or the service is away. Try again later. */
export class Unreached extends Error {
  constructor(cause?: unknown) {
    super("The service could not be reached.", { cause });
    this.name = "Unreached";
  }
}

/** Read a problem document; anything else (a proxy's page, an empty body) still gives a usable refusal. */
export function refusedFrom(status: number, body: string): Refused {
  try {
    const document: unknown = JSON.parse(body);
    if (document !== null && typeof document === "object" && !Array.isArray(document)) {
      const { type, title, detail, status: _status, ...attributes } = document as Record<string, unknown>;
      const slug = String(type ?? "").startsWith(PREFIX) ? String(type).slice(PREFIX.length) : "unknown";
      return new Refused(slug, status, String(title ?? ""), String(detail ?? ""), attributes);
    }
  } catch {
    // Not a problem document: the status alone has to do.
  }
  return new Refused("unknown", status, "", "");
}
