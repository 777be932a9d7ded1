/* Opens names one after the other and says what the real loader made of them.
   probe TOP NAME...: TOP "-" lets the executable itself call dlopen, otherwise `ask` of the library TOP does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

static void *own(const char *name) { return dlopen(name, RTLD_LAZY); }

static int show(struct dl_phdr_info *info, size_t size, void *data)
{
    printf("= %s\n", info->dlpi_name);
    return 0;
}

int main(int count, char **words)
{
    void *(*ask)(const char *) = own;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(words[1], "-") != 0) {
        void *top = dlopen(words[1], RTLD_LAZY);
        if (top)
            ask = (void *(*)(const char *))dlsym(top, "ask");
        if (!top || !ask) {
            printf("! %s\n", dlerror());
            return 3;
        }
    }
    for (int i = 2; i < count; i++) {
        struct link_map *map;
        void *found = ask(words[i]);
        if (found && dlinfo(found, RTLD_DI_LINKMAP, &map) == 0)
            printf("+ %s\n", map->l_name);
        else
            printf("- %s\n", dlerror());
    }
    dl_iterate_phdr(show, NULL);
    return 0;
}
