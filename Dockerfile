# The image of the CI component: one static binary on a root made of a few Debian packages' files. `scripts/image` builds it.
#
# GitLab's runners want `sh`, `grep` and no ENTRYPOINT; clusters want any uid, a root file system that can't be written and a
# home that can't either. Nothing is run for the target's own architecture, so no emulator is needed for the other one.

# `scripts/pin-images` writes the digests. A registry of one's own: --build-arg RUST_IMAGE=HOST/PATH:TAG@sha256:…
ARG RUST_IMAGE=rust:1.95.0-slim-trixie@sha256:e14e87345b4d5964ddcc3491d27ee046a0f23820f340c3c1e24da6880141f7c0
ARG DEBIAN_IMAGE=debian:13.7-slim@sha256:a99cfc517144bc59b1978475ec53b46ecabec7e43635402ee5b77cc54cd1b20a

FROM --platform=$BUILDPLATFORM ${DEBIAN_IMAGE} AS root
ARG TARGETARCH
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /packages
# The newest packages, for their security fixes. Those after libnss-wrapper are what ssh is linked with.
# hadolint ignore=DL3008
RUN dpkg --add-architecture "$TARGETARCH"; \
    apt-get update; \
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends busybox-static ca-certificates; \
    packages=(base-files busybox-static openssh-client libnss-wrapper libc6 libssl3t64 zlib1g libzstd1 libselinux1 libpcre2-8-0 \
      libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libcom-err2 libkeyutils1); \
    apt-get -o APT::Sandbox::User=root download ca-certificates "${packages[@]/%/:$TARGETARCH}"; \
    rm -rf /var/lib/apt/lists/*
WORKDIR /files
# `status.d` tells scanners which packages the files are from.
RUN mkdir -p /image/var/lib/dpkg/status.d; \
    for package in /packages/*.deb; do \
      name=$(dpkg-deb --field "$package" Package); \
      dpkg-deb --field "$package" >"/image/var/lib/dpkg/status.d/$name"; \
      dpkg-deb --extract "$package" .; \
      cp --archive --parents "usr/share/doc/$name/copyright" /image; \
    done; \
    cp --archive --parents usr/bin/ssh usr/bin/busybox etc/debian_version usr/lib/os-release /image; \
    cp --archive --parents usr/lib*/ld-linux* usr/lib/*/ld-linux* usr/lib/*/libnss_wrapper.so /image; \
    for library in c resolv crypto z zstd selinux pcre2-8 gssapi_krb5 krb5 k5crypto krb5support com_err keyutils; do \
      cp --archive --parents usr/lib/*-linux-gnu/lib"$library".so.* /image; \
    done
WORKDIR /image
RUN mkdir -p tmp var/tmp dev proc sys run root home/gitops-bump etc/ssl/certs usr/local/bin; \
    chmod 1777 tmp var/tmp; \
    for name in bin lib lib64; do ! [ -e "usr/$name" ] || ln -s "usr/$name" "$name"; done; \
    ln -s usr/bin sbin; \
    ln -s ../usr/lib/os-release etc/os-release; \
    cp /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/; \
    for applet in $(busybox --list); do [ -e "usr/bin/$applet" ] || ln -s busybox "usr/bin/$applet"; done; \
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'gitops-bump:x:65532:65532::/home/gitops-bump:/bin/sh' \
      'nobody:x:65534:65534::/nonexistent:/bin/false' >etc/passwd; \
    printf '%s\n' 'root:x:0:' 'gitops-bump:x:65532:' 'nogroup:x:65534:' >etc/group; \
    printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >etc/nsswitch.conf; \
    chown 65532:65532 home/gitops-bump; \
    if [ "$TARGETARCH" = "$(dpkg --print-architecture)" ]; then \
      touch dev/null; \
      LD_BIND_NOW=1 chroot . ssh -V; \
      rm dev/null; \
    fi

FROM scratch AS base
COPY --from=root /image /
COPY LICENSE /usr/share/doc/gitops-bump/copyright
ENV PATH=/usr/local/bin:/usr/bin
USER 65532:65532
CMD ["gitops-bump", "--help"]
ARG VERSION=unknown REVISION=unknown CREATED=1970-01-01T00:00:00Z SOURCE=unknown
LABEL org.opencontainers.image.title="gitops-bump" \
      org.opencontainers.image.description="Writes the tag of a freshly built image into GitOps infra repositories" \
      org.opencontainers.image.licenses="Apache-2.0 OR MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.source="$SOURCE"

# With a binary that `scripts/binary` has built: the context is a directory with it and LICENSE.
FROM base AS prebuilt
COPY gitops-bump /usr/bin/gitops-bump

FROM --platform=$BUILDPLATFORM ${RUST_IMAGE} AS build
ARG TARGETARCH
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN case $TARGETARCH in \
      amd64) machine=x86_64 ;; \
      arm64) machine=aarch64 ;; \
      *) echo "there is no image for $TARGETARCH" >&2; exit 1 ;; \
    esac; \
    echo "$machine-unknown-linux-gnu" >/triple; \
    if [ "$TARGETARCH" != "$(dpkg --print-architecture)" ]; then \
      rustup target add "$(cat /triple)"; \
      apt-get update; \
      apt-get install --yes --no-install-recommends "gcc-${machine/_/-}-linux-gnu" "libc6-dev-$TARGETARCH-cross"; \
      rm -rf /var/lib/apt/lists/*; \
    fi
ENV CARGO_HOME=/var/cache/cargo \
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=x86_64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
WORKDIR /build
# The dependencies are a layer of their own: a change of the code doesn't compile them again.
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY scripts/binary scripts/binary
RUN --mount=type=cache,target=/var/cache/cargo \
    mkdir src; \
    touch src/lib.rs; \
    echo 'fn main() {}' >src/main.rs; \
    scripts/binary "$(cat /triple)"
COPY src src
RUN --mount=type=cache,target=/var/cache/cargo \
    touch src/lib.rs src/main.rs; \
    cp "$(scripts/binary "$(cat /triple)")" /gitops-bump

FROM base
COPY --from=build /gitops-bump /usr/bin/gitops-bump
