/** Texts that would run a script or break out of the markup if a page took them for anything but text. */
export const HOSTILE = [
  '<script>document.title = "taken over"</script>',
  '<img src=x onerror="document.title = \'taken over\'">',
  '"><svg onload="document.title = \'taken over\'">',
  "';document.title='taken over';//",
  '{{constructor.constructor("document.title=\'taken over\'")()}}',
  '${document.title="taken over"}',
  '{@html "<b>bold</b>"}',
  '<a href="javascript:document.title=\'taken over\'">here</a>',
  '</title></textarea><iframe srcdoc="<script>parent.document.title=1</script>">',
  '<math><mtext><style><img src onerror=alert(1)></style></mtext></math>',
  '=HYPERLINK("https://example.com","here")',
] as const;
