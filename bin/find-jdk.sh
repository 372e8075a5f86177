# Sourced by the scripts of this project: find_jdk sets $java_home to a JDK of at least this version, or returns 1.
jdk_wanted=25

jdk_missing="Millrace needs a JDK $jdk_wanted or later, and none was found in JAVA_HOME, on the PATH or in the usual places.
Install one (Debian, Ubuntu: apt install openjdk-$jdk_wanted-jdk or temurin-$jdk_wanted-jdk; Fedora: dnf install java-$jdk_wanted-openjdk-devel;
macOS: brew install openjdk@$jdk_wanted; anywhere: https://adoptium.net) or set JAVA_HOME to it."

# Every JDK has a file `release`; reading it is a hundred times quicker than asking `java -version`.
is_jdk() {
  [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 1
  jdk_version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  [ "${jdk_version:-0}" -ge "$jdk_wanted" ]
}

jdk_on_path() {
  jdk_java=$(command -v java) && jdk_java=$(readlink -f "$jdk_java" 2>/dev/null) || return 1
  dirname "$(dirname "$jdk_java")"
}

find_jdk() {
  for java_home in "${JAVA_HOME:-}" "$(jdk_on_path)" \
    /usr/lib/jvm/* /opt/* /opt/java/* /usr/local/openjdk* "${HOME:-}"/.sdkman/candidates/java/* "${HOME:-}"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
    if is_jdk "$java_home"; then return 0; fi
  done
  if [ -x /usr/libexec/java_home ]; then
    java_home=$(/usr/libexec/java_home -v "$jdk_wanted+" 2>/dev/null) && is_jdk "$java_home" && return 0
  fi
  java_home=
  return 1
}
