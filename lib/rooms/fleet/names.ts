/** The key, or part of a subject, that stands for an id: the id itself where it can, else its bytes behind a dash. */
export function nameOf(id: string): string {
  if (/^\w[-\w]*$/.test(id)) return id;
  return `-${Buffer.from(id).toString("base64url")}`;
}
