import type { ProjectPermission } from '$lib/api';

/** What one may do, in the words that a person reads, by the thing that it is about. */
export const PERMISSIONS: { title: string; items: [ProjectPermission, string][] }[] = [
  {
    title: 'Site',
    items: [
      ['projects:read', 'See the project'],
      ['environments:read', 'See the environments'],
      ['deployments:read', 'See the deployments'],
      ['domains:read', 'See the domains'],
      ['deployments:create', 'Deploy'],
      ['deployments:rollback', 'Roll back'],
      ['domains:write', 'Add and remove domains'],
      ['environments:write', 'Create and delete environments'],
      ['projects:delete', 'Delete the project'],
    ],
  },
  {
    title: 'Traffic',
    items: [
      ['analytics:read', 'See how many requests there were'],
      ['requests:read', 'See single requests with their addresses'],
    ],
  },
  {
    title: 'Protection',
    items: [
      ['firewall:read', 'See the firewall'],
      ['headers:read', 'See the security headers'],
      ['firewall:write', 'Change the firewall'],
      ['headers:write', 'Change the security headers'],
    ],
  },
  {
    title: 'Access',
    items: [
      ['members:read', 'See the members'],
      ['audit:read', 'Read the audit log'],
    ],
  },
];

/** Who may do something: a role, or a person. */
export interface Holder {
  title: string;
  /** Below the title: who that is. */
  who?: string;
  permissions: readonly string[];
}

interface Held {
  user: { id: string; email: string; name: string };
  role: string;
  permissions: readonly string[];
}

const ORDER = ['owner', 'admin', 'member', 'viewer'];

/** The roles that occur, the highest first, each with what the server says that its members may do. */
export function holders(members: readonly Held[]): Holder[] {
  const roles = [...new Set(members.map(({ role }) => role))].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
  return roles.map((role) => {
    const own = members.filter((member) => member.role === role);
    const [first, ...others] = own;
    const name = first?.user.name || first?.user.email || '';
    return {
      title: roleName(role),
      who: others.length > 0 ? `${name} and ${others.length} more` : name,
      permissions: first?.permissions ?? [],
    };
  });
}

export const roleName = (role: string): string => role.charAt(0).toUpperCase() + role.slice(1);
