# make            the static binary out/rescuebox
# make boot       set up, build, boot a virtual machine (ROOT=DIR: from that directory)
# make test       set up, run every test
# make bench      ratios against other programs
# make fuzz       hostile input for every parser (FUZZ="-runs=N TARGET...": those)
# make size       bytes per crate and module, and the budget
# make deb        a Debian package in out/
# make release    a tarball in out/ with digests
# make install    into $(DESTDIR)$(PREFIX)

PREFIX ?= /usr
# where man pages and completions are made
DOC ?= out/doc
CARGO ?= cargo
BOX = $(or $(RESCUEBOX),out/rescuebox)
KERNELS = bookworm-cloud bookworm-generic trixie-cloud trixie-generic
# VMs are the tests' longest part: two at a time fit two processors
TEST_THREADS ?= $(shell nproc)

all: $(BOX)

# cargo knows what is up to date; a program given by RESCUEBOX= is taken as it is
$(BOX): FORCE
	$(if $(RESCUEBOX),,@scripts/setup build)
	$(if $(RESCUEBOX),,@scripts/build)

boot: FORCE
	@scripts/setup boot
	@scripts/build
	@KERNEL_DIR=$$(scripts/fetch kernel bookworm-cloud) && \
	exec $(BOX) vm --kernel $$KERNEL_DIR/boot/vmlinuz-* $(if $(ROOT),--root "$(ROOT)" --overlay) $(VMFLAGS)

lab: FORCE
	@scripts/setup test
	@scripts/fetch kernel $(KERNELS) >/dev/null
	@scripts/fetch virtiofsd >/dev/null
	@scripts/fetch vsock >/dev/null
	@scripts/fetch root bookworm trixie >/dev/null
	@scripts/fetch udev bookworm trixie >/dev/null
	@scripts/fetch debs bookworm trixie >/dev/null
	@scripts/fetch ovmf >/dev/null
	@scripts/fetch stub bookworm trixie >/dev/null
	@scripts/fetch gen_init_cpio bookworm forky >/dev/null
	@scripts/fetch images >/dev/null

test: lab
	@scripts/build
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	scripts/size --check
	RESCUEBOX=$(CURDIR)/$(BOX) env --default-signal $(CARGO) test --locked -- --test-threads $(TEST_THREADS)

test-applets: FORCE
	$(CARGO) test --locked --test suite applets::

bench: lab
	@scripts/setup bench
	@scripts/build
	@bench/run $(BENCH)

fuzz: FORCE
	@scripts/setup fuzz
	@scripts/fuzz $(FUZZ)

size: FORCE
	@scripts/setup build
	@scripts/build
	@scripts/size

# the program, its man pages and completions, hooks for distributions
install: $(BOX)
	@scripts/man $(BOX) $(DOC)
	install -D -m 755 $(BOX) $(DESTDIR)$(PREFIX)/bin/rescuebox
	install -D -m 755 initramfs/distributions/update-rescuebox $(DESTDIR)$(PREFIX)/sbin/update-rescuebox
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(DOC)/man1/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -D -m 644 $(DOC)/bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/rescuebox
	install -D -m 644 $(DOC)/zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_rescuebox
	install -D -m 644 $(DOC)/fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/rescuebox.fish
	install -D -m 755 initramfs/distributions/50-rescuebox.install $(DESTDIR)$(PREFIX)/lib/kernel/install.d/50-rescuebox.install
	install -D -m 755 initramfs/distributions/postinst.d $(DESTDIR)/etc/kernel/postinst.d/rescuebox
	install -D -m 755 initramfs/distributions/postrm.d $(DESTDIR)/etc/kernel/postrm.d/rescuebox
	install -D -m 644 initramfs/distributions/rescuebox.conf $(DESTDIR)/etc/rescuebox.conf

deb: $(BOX)
	@scripts/deb out

release: $(BOX)
	@scripts/release out

clean:
	rm -rf out target

FORCE:
.PHONY: all boot lab test test-applets bench fuzz size install deb release clean
