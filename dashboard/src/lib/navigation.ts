import type { ProjectPermission } from './api/types';

export interface NavItem {
  label: string;
  /** Added to the path of the project or the instance. */
  path: string;
  /** Who may not do this does not see it. */
  needs?: ProjectPermission;
  /** Further words under which the palette finds it. */
  keywords?: string[];
}

export interface NavGroup {
  title?: string;
  items: NavItem[];
}

/** The pages of a project in the order of the sidebar. */
export const PROJECT_PAGES: NavGroup[] = [
  {
    items: [
      { label: 'Overview', path: '', needs: 'projects:read' },
      { label: 'Requests', path: '/requests', needs: 'requests:read', keywords: ['refusals', 'log', 'traffic'] },
      { label: 'Deployments', path: '/deployments', needs: 'deployments:read', keywords: ['upload', 'history', 'roll back'] },
      { label: 'Domains', path: '/domains', needs: 'domains:read', keywords: ['host name', 'certificate'] },
    ],
  },
  {
    title: 'Protection',
    items: [
      { label: 'Firewall', path: '/firewall', needs: 'firewall:read', keywords: ['block', 'allow', 'rate limit', 'rules'] },
      { label: 'Headers', path: '/headers', needs: 'headers:read', keywords: ['csp', 'hsts', 'security'] },
    ],
  },
  {
    title: 'Access',
    items: [
      { label: 'Members', path: '/members', needs: 'members:read', keywords: ['people', 'roles'] },
      { label: 'Audit log', path: '/audit', needs: 'audit:read', keywords: ['records', 'history'] },
      { label: 'Settings', path: '/settings', needs: 'projects:read', keywords: ['environments', 'delete project'] },
    ],
  },
];

/** The pages of the instance, for its administrators. */
export const INSTANCE_PAGES: NavItem[] = [
  { label: 'Settings', path: '/instance/settings' },
  { label: 'Users', path: '/instance/users', keywords: ['invite', 'people'] },
  { label: 'Firewall', path: '/instance/firewall', keywords: ['every host', 'block'] },
  { label: 'Console access', path: '/instance/console', keywords: ['dashboard', 'firewall', 'lock out'] },
  { label: 'Audit log', path: '/instance/audit', keywords: ['records', 'export'] },
];

export const projectPath = (slug: string, path = ''): string => `/projects/${encodeURIComponent(slug)}${path}`;

/** The page that shows one request. */
export const requestPath = (slug: string, id: string): string => projectPath(slug, `/requests?id=${encodeURIComponent(id)}`);

/** Whether the page at `pathname` is the one of `href` or lies below it; `exact` for pages that have others below them. */
export function isCurrent(pathname: string, href: string, exact = false): boolean {
  return pathname === href || (!exact && pathname.startsWith(`${href}/`));
}

export interface Crumb {
  label: string;
  href: string;
}

/** Where a page stands, from its path. */
export function crumbs(pathname: string): Crumb[] {
  const [area, slug, page] = pathname.split('/').slice(1).map(decodeURIComponent);
  if (area === 'projects') {
    const trail: Crumb[] = [{ label: 'Projects', href: '/projects' }];
    if (!slug) return trail;
    trail.push({ label: slug, href: projectPath(slug) });
    const item = PROJECT_PAGES.flatMap((group) => group.items).find((item) => page && item.path === `/${page}`);
    return item ? [...trail, { label: item.label, href: projectPath(slug, item.path) }] : trail;
  }
  if (area === 'instance') {
    const item = INSTANCE_PAGES.find((item) => item.path === `/instance/${slug}`);
    return [{ label: 'Instance', href: '/instance/settings' }, ...(item ? [{ label: item.label, href: item.path }] : [])];
  }
  if (area !== 'account') return [];
  return [{ label: 'Account', href: '/account' }, ...(slug === 'security' ? [{ label: 'Security', href: '/account/security' }] : [])];
}
