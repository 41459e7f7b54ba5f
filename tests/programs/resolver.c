/* A resolver that is told by a file where one host is: `db.example.org`, by the address in the file that RESOLVER_FILE
   names. To be loaded by LD_PRELOAD, where a test has no right to change the names of the machine. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int Resolver(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    Resolver *resolve = (Resolver *)dlsym(RTLD_NEXT, "getaddrinfo");
    const char *name = getenv("RESOLVER_FILE");
    FILE *file = name != NULL && host != NULL && strcmp(host, "db.example.org") == 0 ? fopen(name, "r") : NULL;
    if (file == NULL)
        return resolve(host, service, hints, found);
    char address[64] = "";
    int read = fscanf(file, "%63s", address);
    fclose(file);
    return read == 1 ? resolve(address, service, hints, found) : EAI_AGAIN;
}
