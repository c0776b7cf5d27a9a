/** The key, or part of a subject, that stands for an id: the id itself where it can, else its bytes behind a dash. */
export function nameOf(id: string): string {
  if (/^\w[-\w]*$/.test(id)) return id;
  return `-${Buffer.from(id).toString("base64url")}`;
}

/** The id that a name stands for. */
export function idOf(name: string): string {
  return name.startsWith("-") ? Buffer.from(name.slice(1), "base64url").toString() : name;
}
