/** Says why an application is left as it is. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
