//! Average-link agglomeration of one component, best first (ACCURACY.md section 7).

use super::judged::judge;
use super::{Evidence, nodes::Nodes};

/// One cluster while it grows.
struct Cluster {
    members: Vec<u32>,
    /// Records it stands for.
    weight: i64,
    /// The lowest average at which its parts were joined.
    weakest: Option<i64>,
    alive: bool,
}

/// Sums of weights between clusters, and whether a guard keeps them apart; symmetric, row by row.
struct Table {
    size: usize,
    sum: Vec<i64>,
    forbidden: Vec<bool>,
}

impl Table {
    fn average(&self, clusters: &[Cluster], a: usize, b: usize) -> i64 {
        self.sum[a * self.size + b].div_euclid(clusters[a].weight * clusters[b].weight)
    }

    /// Adds everything that concerns `b` to `a`.
    fn fold(&mut self, a: usize, b: usize) {
        for other in 0..self.size {
            let (from, into) = (b * self.size + other, a * self.size + other);
            self.sum[into] += self.sum[from];
            self.forbidden[into] |= self.forbidden[from];
            self.sum[other * self.size + a] = self.sum[into];
            self.forbidden[other * self.size + a] = self.forbidden[into];
        }
    }
}

/// Joins the nodes of `component` while the best average link is at or above `cut`; gives the clusters with their weakest join.
///
/// Every cross pair is scored: a component of k nodes costs k²/2 scores of 0.4 µs and k² words. k is at most 160.
pub(super) fn agglomerate(
    evidence: &Evidence,
    nodes: &Nodes,
    component: &[u32],
    same_record: &[(u32, u32)],
    cut: i64,
) -> Vec<(Vec<u32>, Option<i64>)> {
    let mut clusters: Vec<Cluster> = component
        .iter()
        .map(|&node| Cluster { members: vec![node], weight: nodes.weight(node), weakest: None, alive: true })
        .collect();
    let mut table = fill(evidence, nodes, component);
    for (a, b) in together(component, same_record) {
        let (a, b) = (owner(&clusters, component[a]), owner(&clusters, component[b]));
        if a != b && !table.forbidden[a * table.size + b] {
            join(&mut clusters, &mut table, a.min(b), a.max(b), None);
        }
    }
    while let Some((average, a, b)) = best(&clusters, &table, cut) {
        join(&mut clusters, &mut table, a, b, Some(average));
    }
    clusters.into_iter().filter(|cluster| cluster.alive).map(|cluster| (cluster.members, cluster.weakest)).collect()
}

fn fill(evidence: &Evidence, nodes: &Nodes, component: &[u32]) -> Table {
    let size = component.len();
    let mut table = Table { size, sum: vec![0; size * size], forbidden: vec![false; size * size] };
    for a in 0..size {
        for b in a + 1..size {
            let (left, right) = (nodes.identity(component[a]), nodes.identity(component[b]));
            let (left, right) = (left.min(right), left.max(right));
            let judged = judge(evidence, left, right);
            let sum = judged.in_average * nodes.weight(component[a]) * nodes.weight(component[b]);
            let forbidden = judged.forbidden();
            for (x, y) in [(a, b), (b, a)] {
                table.sum[x * size + y] = sum;
                table.forbidden[x * size + y] = forbidden;
            }
        }
    }
    table
}

/// Pairs of places in the component that hold rows of one record_id. Both lists ascend.
fn together(component: &[u32], same_record: &[(u32, u32)]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, &node) in component.iter().enumerate() {
        let from = same_record.partition_point(|&(a, _)| a < node);
        for &(_, other) in same_record[from..].iter().take_while(|&&(a, _)| a == node) {
            found.extend(component.binary_search(&other).ok().map(|place| (at, place)));
        }
    }
    found
}

fn owner(clusters: &[Cluster], node: u32) -> usize {
    let holds = |cluster: &Cluster| cluster.alive && cluster.members.contains(&node);
    clusters.iter().position(holds).expect("every node of a component is in a cluster")
}

/// The best pair that may be joined; ties go to the first, whose content hash is smallest.
fn best(clusters: &[Cluster], table: &Table, cut: i64) -> Option<(i64, usize, usize)> {
    let alive: Vec<usize> = (0..table.size).filter(|&at| clusters[at].alive).collect();
    let mut best: Option<(i64, usize, usize)> = None;
    for (nth, &a) in alive.iter().enumerate() {
        for &b in &alive[nth + 1..] {
            if !table.forbidden[a * table.size + b] {
                let average = table.average(clusters, a, b);
                if average >= needed(clusters, a, b, cut) && best.is_none_or(|(highest, _, _)| average > highest) {
                    best = Some((average, a, b));
                }
            }
        }
    }
    best
}

/// The average that a join needs: the cut for a single pair; half of it (in bits) where several pairs speak, because an average over
/// pairs that were each judged alone is more certain than it looks (docs/measurements.md, calibration of average link).
fn needed(clusters: &[Cluster], a: usize, b: usize, cut: i64) -> i64 {
    let single = clusters[a].members.len() == 1 && clusters[b].members.len() == 1;
    if single || cut <= 0 { cut } else { cut / 2 }
}

fn join(clusters: &mut [Cluster], table: &mut Table, a: usize, b: usize, average: Option<i64>) {
    table.fold(a, b);
    let gone =
        std::mem::replace(&mut clusters[b], Cluster { members: Vec::new(), weight: 1, weakest: None, alive: false });
    let stays = &mut clusters[a];
    stays.members.extend(gone.members);
    stays.members.sort_unstable();
    stays.weight += gone.weight;
    stays.weakest = [stays.weakest, gone.weakest, average].into_iter().flatten().min();
}
