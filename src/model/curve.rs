//! From what a sensor measures to what is true, by points somebody took with a better instrument.

/// A calibration.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// Straight from point to point (measured, true), and straight on beyond the ends. At least two points, ascending.
    Pieces(Vec<(f64, f64)>),
    /// A polynomial in `(x - middle) / width`, its constant first.
    Polynomial {
        /// What is subtracted.
        middle: f64,
        /// What is divided by; above 0.
        width: f64,
        /// The coefficients.
        factors: Vec<f64>,
    },
}

impl Curve {
    /// Through all points. `None` with fewer than two, or if two measure the same.
    pub fn through(points: &[(f64, f64)]) -> Option<Curve> {
        let mut points = points.to_vec();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let distinct = points.windows(2).all(|pair| matches!(pair, [a, b] if a.0 < b.0));
        (points.len() >= 2 && distinct).then_some(Curve::Pieces(points))
    }

    /// The polynomial of this degree with the least squares of its errors. `None` with too few points that measure
    /// differently.
    pub fn fit(points: &[(f64, f64)], degree: usize) -> Option<Curve> {
        let measured = || points.iter().map(|(x, _)| *x);
        let (low, high) = (measured().fold(f64::MAX, f64::min), measured().fold(f64::MIN, f64::max));
        let (middle, width) = (low / 2.0 + high / 2.0, high / 2.0 - low / 2.0);
        let terms = degree + 1;
        let mut distinct: Vec<f64> = measured().collect();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        if distinct.len() < terms || width <= 0.0 {
            return None;
        }
        // The normal equations, one row a power, the right side last.
        let mut rows = vec![vec![0.0; terms + 1]; terms];
        for (x, y) in points {
            let x = (x - middle) / width;
            for (i, row) in rows.iter_mut().enumerate() {
                for (j, cell) in row.iter_mut().enumerate() {
                    *cell += if j == terms { power(x, i) * y } else { power(x, i + j) };
                }
            }
        }
        let factors = solve(rows)?;
        factors.iter().all(|factor| factor.is_finite()).then_some(Curve::Polynomial { middle, width, factors })
    }

    /// What is true when this is measured. Not finite where the curve leaves the range of numbers.
    pub fn at(&self, x: f64) -> f64 {
        match self {
            Curve::Pieces(points) => {
                let after = points.partition_point(|(measured, _)| *measured <= x);
                let first = after.saturating_sub(1).min(points.len().saturating_sub(2));
                let [(x0, y0), (x1, y1)] = points[first..first + 2] else { return x };
                y0 + (x - x0) * ((y1 - y0) / (x1 - x0))
            }
            Curve::Polynomial { middle, width, factors } => {
                let x = (x - middle) / width;
                factors.iter().rev().fold(0.0, |sum, factor| sum * x + factor)
            }
        }
    }
}

fn power(x: f64, n: usize) -> f64 {
    (0..n).fold(1.0, |product, _| product * x)
}

/// Gauss's elimination with pivots.
fn solve(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = rows.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        rows.swap(column, pivot);
        let head = rows[column].clone();
        if head[column].abs() < 1e-12 {
            return None;
        }
        for row in rows.iter_mut().enumerate().filter(|(index, _)| *index != column).map(|(_, row)| row) {
            let factor = row[column] / head[column];
            row.iter_mut().zip(&head).for_each(|(cell, above)| *cell -= factor * above);
        }
    }
    Some((0..n).map(|i| rows[i][n] / rows[i][i]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }

    #[test]
    fn two_points_make_a_line_that_goes_on_beyond_them() {
        let curve = Curve::through(&[(0.0, 1.0), (100.0, 99.0)]).unwrap();
        for (measured, true_value) in [(0.0, 1.0), (50.0, 50.0), (100.0, 99.0), (-50.0, -48.0), (200.0, 197.0)] {
            near(curve.at(measured), true_value);
        }
    }

    #[test]
    fn more_points_make_straight_pieces_in_whatever_order_they_are_written() {
        let curve = Curve::through(&[(20.0, 30.0), (0.0, 0.0), (10.0, 10.0)]).unwrap();
        for (measured, true_value) in [(-5.0, -5.0), (5.0, 5.0), (10.0, 10.0), (15.0, 20.0), (25.0, 40.0)] {
            near(curve.at(measured), true_value);
        }
    }

    #[test]
    fn a_fit_finds_the_parabola_its_points_lie_on() {
        let points: Vec<(f64, f64)> = (0..6).map(f64::from).map(|x| (x, 2.0 * x * x - 3.0 * x + 1.0)).collect();
        let curve = Curve::fit(&points, 2).unwrap();
        for (measured, true_value) in [(0.0, 1.0), (2.5, 6.0), (10.0, 171.0)] {
            near(curve.at(measured), true_value);
        }
    }

    #[test]
    fn a_fit_of_noisy_points_lies_between_them() {
        let line = Curve::fit(&[(0.0, 0.0), (0.0, 2.0), (10.0, 10.0), (10.0, 12.0)], 1).unwrap();
        near(line.at(5.0), 6.0);
    }

    #[test]
    fn points_that_say_too_little_make_no_curve() {
        assert_eq!(Curve::through(&[(1.0, 1.0)]), None);
        assert_eq!(Curve::through(&[(1.0, 1.0), (1.0, 2.0)]), None);
        assert_eq!(Curve::fit(&[(1.0, 1.0), (2.0, 2.0)], 2), None);
        assert_eq!(Curve::fit(&[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)], 1), None);
    }
}
