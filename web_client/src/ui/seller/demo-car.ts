/** Pictures of a generated car, to try the service without a real one. */

/** Where the picture of a step lies. */
export function demoUrl(stepId: string): string {
  return `${import.meta.env.BASE_URL}demo_car/${stepId}.webp`;
}

/** The picture's bytes; `null` when there is none for this step. */
export async function demoPicture(stepId: string): Promise<Blob | null> {
  const response = await fetch(demoUrl(stepId));
  if (!response.ok) return null;
  return new Blob([await response.arrayBuffer()], { type: "image/webp" });
}
