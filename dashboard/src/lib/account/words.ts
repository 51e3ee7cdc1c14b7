const METHODS: Record<string, string> = {
  password: 'Password',
  totp: 'Authenticator',
  passkey: 'Passkey',
  recovery_code: 'Recovery code',
  link: 'Link',
};

/** With what somebody proved who they are, in words. */
export const methodName = (method: string): string => METHODS[method] ?? method;

/** From how many recovery codes on somebody should make new ones. */
export const FEW_CODES = 3;
