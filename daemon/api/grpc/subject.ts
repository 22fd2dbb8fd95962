/** What a call is about, such as a container, by the name or id that the client or the answer gives. */
export interface Subject {
  readonly kind: string;
  readonly name: string;
}
