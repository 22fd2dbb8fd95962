/** What a call is about, such as a container. `name` is a name or id, as the request or the response gives it. */
export interface Subject {
  readonly kind: string;
  readonly name: string;
}
