/* SPDX-License-Identifier: MIT */
/* What there is to choose from: projects, their candidates, and what each candidate demands.
 * Filled lazily from the source; every solver reads it, and none keeps a copy.
 *
 * A *package* is a project. A *node* is what gets a version: a package, or a package with a set of
 * extras (`name[a,b]`), or the interpreter. A *candidate* of a node is a number that means the same
 * for all nodes of a package. A *demand* is one requirement on one node. */
#pragma once
#include "resolver/resolve.h"

/* Candidates: CANDIDATE_INSTALLED, then 1 … count for releases in the order in which pip tries
 * them, then CANDIDATE_DIRECT + n for URLs and paths. */
enum {
	CANDIDATE_INSTALLED = 0,
	CANDIDATE_DIRECT = 1 << 30,
	CANDIDATE_NONE = -1,
};
typedef int32_t candidate_id;

/* A specifier set on a package, with what is known of its versions so far. */
struct range {
	SpecifierSet *set;
	bool pinned, upper_bounded, free; /* pip's get_preference; free: no operator at all */
	bool names_prerelease;
	bool root;	/* the user asks for it: it holds whatever a solver tries */
	uint8_t *known; /* per candidate id: 0 not asked, 1 no, 2 yes */
	size_t known_size;
};

struct direct_candidate {
	struct direct found;
	Version *version;
	char *url;
	bool editable;
	size_t root; /* or SIZE_MAX */
};

struct package {
	char *name;
	const IndexPage *page; /* NULL until package_load */
	Candidates *candidates;
	Installed *installed; /* may be satisfied by it; NULL with --force-reinstall and the like */
	Version *installed_version;
	GArray *directs;	     /* struct direct_candidate */
	GHashTable *ranges;	     /* specifier text -> struct range */
	GPtrArray *hints;	     /* struct range seen in demands: for prefetching */
	struct range *constraint;    /* or NULL */
	GArray *constraint_urls;     /* size_t: indices of URL constraints, or NULL */
	GArray *constraint_directs;  /* what they are, once asked for: candidate_id */
	bool constraint_unsupported; /* a URL constraint names a wheel for another platform */
	char **hashes;		     /* demanded, or NULL */
	GHashTable *metadata;	     /* candidate_id -> const Metadata * */
	GHashTable *bad;	     /* candidate_id: metadata that pip skips */
	GHashTable *assumed;	     /* candidate_id: metadata that stands in for an sdist's */
	GHashTable *templates; /* candidate_id -> struct template: who made pip look at it first */
	int8_t prereleases;    /* enum prereleases by --pre, --all-releases, --only-final */
	bool hinted;	       /* metadata of the likeliest candidate was asked for */
	uint8_t *asked;	       /* enum asked, by candidate id; NULL until package_load */
	uint8_t *given_up;     /* bool, likewise */
	unsigned tried;	       /* candidates that a solver has given up */
};

enum demand_kind {
	DEMAND_RANGE,
	DEMAND_EXACT,	   /* one candidate: a URL, or what an extra is tied to */
	DEMAND_PYTHON,	   /* Requires-Python */
	DEMAND_IMPOSSIBLE, /* a direct requirement whose metadata has another name */
};

struct node;
struct demand {
	enum demand_kind kind;
	struct node *node;
	struct range *range;		/* DEMAND_RANGE */
	candidate_id candidate;		/* DEMAND_EXACT */
	bool satisfied;			/* DEMAND_PYTHON */
	const Requirement *requirement; /* where it comes from, or NULL */
	bool without_extras;		/* stands for `requirement` with its extras taken off */
	char *text;			/* of DEMAND_PYTHON: the specifier; owned */
};

/* What a candidate of a node demands. */
struct dependencies {
	struct demand *list;
	size_t count;
};

struct node {
	uint32_t id;
	char *name;		  /* `name` or `name[a,b]`: pip's identifier */
	struct package *package;  /* NULL for the interpreter */
	struct node *base;	  /* of a node with extras; else NULL */
	char **extras;		  /* normalised, sorted; NULL without */
	GHashTable *dependencies; /* candidate_id -> struct dependencies */
	size_t order;		  /* pip's user_requested; SIZE_MAX: not named by the user */
};

/* The demand for whose sake a candidate was first looked at: pip's comes_from. */
struct template
{
	const struct demand *demand;
	const struct node *parent; /* NULL: a root requirement */
	candidate_id parent_candidate;
	size_t root; /* its index then */
};

typedef struct Universe Universe;
struct Universe {
	const struct resolve_options *options; /* of `own`: outlives the caller's */
	struct resolve_options own;
	const struct root_requirement *roots, *constraints;
	size_t root_count, constraint_count;
	struct candidate_options candidate_options;
	CandidateCache *cache;
	Version *python;
	struct marker_env env;
	GHashTable *packages; /* name -> struct package */
	GPtrArray *nodes;     /* struct node, by id; the interpreter is 0 */
	GHashTable *node_names;
	GHashTable *parsed;	 /* requirement text -> struct parsed */
	GHashTable *direct_urls; /* what direct requirements turned out to be */
	GArray *root_demands;	 /* struct demand, in pip's order */
	GArray *root_of_demand;	 /* size_t: index of the root requirement */
	GPtrArray *queue;	 /* packages whose page or metadata has arrived */
	bool draining;
	size_t budget;	 /* pages and metadata that may still be fetched; SIZE_MAX: no limit. With a
			    limit, nothing is built either. */
	size_t given_up; /* candidates, each once */
	uint64_t generation; /* grows when a candidate turned out bad: solvers begin again */
	struct source_listener listener;
};

Universe *universe_new(const struct resolve_options *options, const struct root_requirement *roots,
	size_t root_count, const struct root_requirement *constraints, size_t constraint_count,
	GError **error);
/* The source is not asked any more, nor does it call. */
void universe_finish(Universe *universe);
void universe_free(Universe *universe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Universe, universe_free)

struct node *universe_node(Universe *universe, const char *name, const char *const *extras);
struct node *universe_python(const Universe *universe);

/* Fetches the page; the releases of the package are known afterwards. */
bool package_load(Universe *universe, struct package *package, GError **error);
/* Number of candidate ids below CANDIDATE_DIRECT: 1 + releases. */
candidate_id package_releases_end(const struct package *package);
const Version *package_version(const struct package *package, candidate_id candidate);
const char *node_version_text(const struct node *node, candidate_id candidate);
/* Pure membership, pre-release rule aside; remembered. */
bool range_has(struct range *range, const struct package *package, candidate_id candidate);
struct range *package_range(Universe *universe, struct package *package, SpecifierSet *set);

/* Only unpacking and perhaps building the release can tell what it demands, and nobody did yet. */
bool package_must_build(const struct package *package, candidate_id candidate);
/* What `candidate` of `node` demands. NULL without an error: pip skips this candidate, for which
 * `generation` grew; NULL with an error: give up. */
const struct dependencies *node_dependencies(
	Universe *universe, struct node *node, candidate_id candidate, GError **error);
const Metadata *package_metadata(
	Universe *universe, struct package *package, candidate_id candidate, GError **error);
/* Asks for the metadata of a candidate that a solver will probably want, and for the pages of what
 * it demands. */
void package_prefetch(Universe *universe, struct package *package, candidate_id candidate);
/* Tells the caller how a solver gets on. */
void package_show(const Universe *universe, const struct package *package, size_t decided);
/* A solver has given a candidate up, for the first time or again. The more of a package fail, the
 * more of the next ones are asked for at once. */
void package_look_ahead(Universe *universe, struct package *package, candidate_id failed);

/* true if a candidate fulfils a demand on its node. */
bool demand_has(const struct demand *demand, candidate_id candidate);
/* pip's str(requirement); new string. */
char *demand_text(const struct demand *demand);
/* The same without the marker, as in pip's "no matching distribution"; new string. */
char *demand_text_without_marker(const struct demand *demand);
/* pip's requirement.format_for_error(): `a>=1, <2 and !=1.5`; new string. */
char *demand_text_for_error(const struct demand *demand);
const struct template *package_template(const struct package *package, candidate_id candidate);
/* Remembers the first one; the candidate is one of demand->node's package. */
void package_set_template(
	struct package *package, candidate_id candidate, const struct template *template);
/* Whether an installed distribution is preferred to newer ones (pip's upgrade strategies). */
bool node_prefers_installed(const Universe *universe, const struct node *node);

/* Between universe.c and demand.c. */
void demand_free_tables(Universe *universe);
bool package_constraint_directs(Universe *universe, struct package *package, GError **error);
bool demand_collect_roots(Universe *universe, GError **error);
void demand_prefetch(Universe *universe, struct node *node, const Metadata *metadata);
void want_page(Universe *universe, struct node *node, struct range *range);
