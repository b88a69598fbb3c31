// SPDX-License-Identifier: Apache-2.0
// The static program loads nothing. A shared library of the machine belongs to the machine's C
// library, and hwloc, SQLite and OpenSSL would load theirs into a program that has another one.
// Each is told that there is none and goes on: hwloc without plug-ins, and with /run/udev/data in
// place of libudev, of which Debian has no libudev.a (hwloc 2.9, topology-linux.c).
#include <dlfcn.h>

extern "C" {

void* dlopen(const char*, int) { return nullptr; }
void* dlsym(void*, const char*) noexcept { return nullptr; }
int dlclose(void*) { return -1; }
char* dlerror() noexcept {
  static char text[] = "a static program loads no library";
  return text;
}

struct udev;
struct udev_device;
udev* udev_new();
udev* udev_unref(udev*);
udev_device* udev_device_new_from_subsystem_sysname(udev*, const char*, const char*);
udev_device* udev_device_unref(udev_device*);
const char* udev_device_get_property_value(udev_device*, const char*);

udev* udev_new() { return nullptr; }
udev* udev_unref(udev*) { return nullptr; }
udev_device* udev_device_new_from_subsystem_sysname(udev*, const char*, const char*) {
  return nullptr;
}
udev_device* udev_device_unref(udev_device*) { return nullptr; }
const char* udev_device_get_property_value(udev_device*, const char*) { return nullptr; }
}
