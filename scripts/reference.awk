# The comments of include/instanton.h as Doxygen reads them: sections become groups, the rest is kept line by line.
function block(text) { return "/** <pre>" text "</pre> */" }
function escaped(text) { gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text); gsub(/[@\\#%]/, "\\\\&", text); if (text ~ /^ *-/) sub(/-/, "\\-", text); return text }
/^\/\*.*\*\/$/ && !/^\/\* ----/ { line = $0; sub(/^\/\* /, "", line); sub(/ *\*\/$/, "", line); print block(escaped(line)); next }
/^\/\*/ {
  inside = 1; text = ""
  line = $0; sub(/^\/\* ?/, "", line)
  if (line ~ /^----/) {
    sub(/^---- /, "", line); gsub(/ *-+( \*\/)?$/, "", line)
    name = line; sub(/:.*/, "", name); gsub(/[^a-z]/, "_", name)
    if (open) print "/** @} */"
    open = 1
    printf "/** @defgroup %s %s\n * <pre>", name, escaped(line); group = 1
    if ($0 ~ /\*\/$/) { print "</pre> @{ */"; group = 0; inside = 0 }
    next
  }
  group = 0; text = escaped(line); next
}
inside {
  line = $0; last = line ~ /\*\/$/
  sub(/^ \* ?/, "", line); sub(/ *\*\/$/, "", line)
  if (group) { if (line !~ /^ *\/?$/) printf "\n%s", escaped(line) } else text = text "\n" escaped(line)
  if (last) {
    if (group) print "</pre> @{ */"; else if (NR < 60 && !started) { started = 1; print "/** @file\n * <pre>" text "</pre> */" } else print block(text)
    inside = 0
  }
  next
}
/^#ifdef __cplusplus/ && open && !closed { print "/** @} */"; closed = 1 }
/\/\*.*\*\// { line = $0; sub(/\/\*/, "/**<", line); print line; next }
{ print }
