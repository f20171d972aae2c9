/** The path of a program. Installs its Debian package if it is missing and this user may; throws with the way out. */
export function requireProgram(program: string, debianPackage?: string): string;
